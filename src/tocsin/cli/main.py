"""The `tocsin` command and its subcommands.

Subcommands are imported when they are invoked: `tocsin version` must not pay for a database driver.
"""

import typer

from tocsin.cli.lazy_group import LazyCommand, LazyGroup


class TocsinGroup(LazyGroup):
    """The subcommands that have a module of their own."""

    lazy_commands = {
        "backup": LazyCommand(
            "tocsin.cli.backups", "Write a backup of everything to FILE. Servers can keep running.", is_group=False
        ),
        "restore": LazyCommand(
            "tocsin.cli.backups",
            "Restore a backup into an empty data directory or database. Servers must be stopped.",
            is_group=False,
        ),
        "users": LazyCommand("tocsin.cli.users", "Create, list and change users."),
        "tokens": LazyCommand("tocsin.cli.tokens", "Create, list and revoke API tokens."),
        "audit": LazyCommand("tocsin.cli.audit", "Show the audit log of accounts."),
        "mails": LazyCommand("tocsin.cli.mails", "Show the mails to users, sent by SMTP or written to files."),
        "keys": LazyCommand("tocsin.cli.keys", "Show and rotate the keys that sign access tokens and seal secrets."),
        "database": LazyCommand("tocsin.cli.database", "Access the database."),
        "tasks": LazyCommand("tocsin.cli.tasks", "Create and update tasks that are kept in files."),
        "workflows": LazyCommand("tocsin.cli.workflows", "Validate, save, list, export and run workflows."),
        "samples": LazyCommand("tocsin.cli.samples", "List and save the sample workflows that come with Tocsin."),
    }


app = typer.Typer(
    cls=TocsinGroup,
    name="tocsin",
    help="Scheduled HTTP tasks and workflows over GraphQL.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def serve() -> None:
    """Serve the API and execute runs, until SIGTERM. Settings: see .env.example."""
    from tocsin import config
    from tocsin.errors import StartupError
    from tocsin.telemetry import configure_logging
    from tocsin.web.server import serve as serve_forever

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
    from tocsin import __version__

    typer.echo(__version__)
