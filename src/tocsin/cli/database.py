"""`tocsin database`: access to the database for other programs."""

import typer

from tocsin.cli.runner import find_server_uri, run_with_settings
from tocsin.config import PREFIX, Settings
from tocsin.errors import TocsinError

app = typer.Typer(help="Access the database.", no_args_is_help=True)


@app.command("uri")
def uri() -> None:
    """Print the URI of the database, including its password, for a shell: mongosh "$(tocsin database uri)"."""

    async def work(settings: Settings) -> str:
        found = await find_server_uri(settings)
        if found is None:
            raise TocsinError(
                f"No server is running in {settings.data_dir.resolve()}, so its database cannot be reached. Start "
                f"`tocsin serve` there, or set {PREFIX}DATA_DIR to the directory of a running server."
            )
        return found

    typer.echo(run_with_settings(work))
