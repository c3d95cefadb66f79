"""`python -m tocsin` and the `tocsin` command."""

import sys
from io import TextIOWrapper

from tocsin.cli.main import app


def main() -> None:
    """Run the command line. Characters that the terminal cannot encode are escaped."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    app()


if __name__ == "__main__":
    main()
