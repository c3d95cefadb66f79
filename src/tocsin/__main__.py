"""`python -m tocsin` and the `tocsin` command."""

from tocsin.cli.main import app


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
