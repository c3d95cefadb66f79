"""The `tocsin` command and its subcommands."""

import typer

from tocsin import __version__, config
from tocsin.cli import audit, backups, database, keys, mails, tokens, users, workflows
from tocsin.errors import StartupError
from tocsin.telemetry import configure_logging

app = typer.Typer(
    name="tocsin",
    help="Scheduled HTTP tasks and workflows over GraphQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(users.app, name="users")
app.add_typer(tokens.app, name="tokens")
app.add_typer(audit.app, name="audit")
app.add_typer(mails.app, name="mails")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="database")
app.add_typer(workflows.app, name="workflows")
app.add_typer(workflows.samples, name="samples")
app.command()(backups.backup)
app.command()(backups.restore)


@app.command()
def serve() -> None:
    """Serve the API and execute runs, until SIGTERM. Settings: see .env.example."""
    from tocsin.web.server import serve as serve_forever  # no other command needs the web layer

    try:
        settings = config.load_settings()
        configure_logging(settings.log_level, settings.log_format)
        serve_forever(settings)
    except StartupError as error:
        typer.echo(f"tocsin: {error}", err=True)
        raise typer.Exit(1) from None


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    from tocsin.graphql.schema import schema as graphql_schema

    typer.echo(graphql_schema.as_str())


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
