"""`tocsin samples`: the sample workflows that come with Tocsin."""

from typing import Annotated

import typer

from tocsin import accounts, clock, config
from tocsin.cli.runner import load_keyring, run_with_database
from tocsin.documents import Database
from tocsin.quotas import Quotas
from tocsin.workflows import saving
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.samples import load_samples

app = typer.Typer(help="List and save the sample workflows that come with Tocsin.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)]


@app.command("load")
def save_samples(email: Email) -> None:
    """Save the sample workflows for a user: hello_world, failing_flow and others."""

    async def work(database: Database) -> list[str]:
        user, settings = await accounts.require_user_by_email(email), config.load_settings()
        secrets = (await load_keyring(database, settings)).secrets
        quotas = await Quotas.for_owner(database, settings, user.id)
        saved = [
            await saving.save_workflow(database, secrets, user.id, parse_yaml(text), clock.now(), quotas=quotas)
            for text in load_samples().values()
        ]
        return [f"{workflow['name']}: version {workflow['version']}" for workflow in saved]

    for line in run_with_database(work):
        typer.echo(line)


@app.command("list")
def list_samples() -> None:
    """List the names of the sample workflows."""
    for name in load_samples():
        typer.echo(name)
