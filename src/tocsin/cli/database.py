"""`tocsin database`: access to the database for other programs."""

import typer

from tocsin import config
from tocsin.config import PREFIX
from tocsin.embedded import find_running_uri
from tocsin.errors import TocsinError

app = typer.Typer(help="Access the database.", no_args_is_help=True)


@app.command("uri")
def uri() -> None:
    """Print the URI of the database, including its password, for a shell: mongosh "$(tocsin database uri)"."""
    try:
        settings = config.load_settings()
    except TocsinError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    found = settings.mongodb_uri.get_secret_value() if settings.mongodb_uri else find_running_uri(settings.data_dir)
    if found is None:
        typer.echo(
            f"No server is running in {settings.data_dir.resolve()}, so its database cannot be reached. Start "
            f"`tocsin serve` there, or set {PREFIX}DATA_DIR to the directory of a running server.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(found)
