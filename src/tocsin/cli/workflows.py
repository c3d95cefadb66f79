"""`tocsin workflows`: validate, save, list, export and run workflows."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin import accounts, clock, config
from tocsin.cli import workflow_runs
from tocsin.cli.formatting import print_rows
from tocsin.cli.runner import load_keyring, run_with_database
from tocsin.cli.workflow_files import read_workflows, write_workflow
from tocsin.documents import Database, User, WorkflowDocument
from tocsin.errors import NotFound, SettingsError, TocsinError
from tocsin.jobs import registry
from tocsin.named_secrets.store import list_known_secrets
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.quotas import Quotas
from tocsin.security.secret_box import SecretBox
from tocsin.workflows import saving
from tocsin.workflows.language.json_schema import load_shipped_schema
from tocsin.workflows.language.source import WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_writer import to_yaml
from tocsin.workflows.versions import VersionCache

app = typer.Typer(help="Validate, save, list, export and run workflows.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)]
Paths = Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.", exists=True, show_default=False)]


@app.command()
def validate(paths: Paths) -> None:
    """Report all errors in workflows, without a server. The exit code is 1 if there are any."""
    read_workflows(paths, _outbound_rules(), lambda path: typer.echo(f"{path}: valid"))


@app.command()
def schema() -> None:
    """Print the JSON Schema of workflows, for editors: `# yaml-language-server: $schema=FILE`."""
    typer.echo(load_shipped_schema(), nl=False)


@app.command()
def save(email: Email, paths: Paths) -> None:
    """Save workflows under their names. If any is invalid, none is saved."""
    rules = _outbound_rules()
    sources = read_workflows(paths, rules)

    async def work(database: Database) -> list[WorkflowDocument]:
        user, settings = await accounts.require_user_by_email(email), config.load_settings()
        secrets = (await load_keyring(database, settings)).secrets
        quotas = await Quotas.for_owner(database, settings, user.id)
        recipients = RecipientRules(settings.email_recipients, user.email)
        jobs = registry.RegisteredJobs(rules, recipients, await list_known_secrets(database, user.id))
        for source in sources:
            parse_definition(source, jobs, clock.now())
        saved = [await _save(database, secrets, user, source, rules, quotas) for source in sources]
        await quotas.flush_usage()
        return saved

    for workflow in run_with_database(work):
        typer.echo(f"{workflow['name']}: version {workflow['version']}")


async def _save(
    database: Database, secrets: SecretBox, user: User, source: WorkflowSource, rules: ConnectionRules, quotas: Quotas
) -> WorkflowDocument:
    try:
        return await saving.save_workflow(database, secrets, user.id, source, clock.now(), rules, quotas=quotas)
    except WorkflowInvalid as invalid:  # which secrets can be kept is known only now
        raise TocsinError(f"{source.data['name']}: {invalid}") from None


@app.command("list")
def list_(email: Email, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """List the workflows of a user, sorted by name."""

    async def work(database: Database) -> list[WorkflowDocument]:
        user = await accounts.require_user_by_email(email)
        return await database.workflows.find({"owner": user.id, "deleted": False}).sort("name", 1).to_list()

    rows = [_row(workflow) for workflow in run_with_database(work)]
    cells = [
        [row["name"], row["version"], "paused" if row["isPaused"] else row["nextRunAt"] or "", row["description"]]
        for row in rows
    ]
    print_rows(rows, ("Name", "Version", "Next run", "Description"), cells, ("Name",), as_json=as_json)


@app.command()
def export(
    email: Email,
    name: Annotated[str | None, typer.Argument(help="The workflow's name. Default: all, into --folder.")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Write NAME.yaml files to this folder instead of printing.")
    ] = None,
) -> None:
    """Print workflows as YAML, or write them to files. Secrets are shown as ***, which keeps them on the next save."""
    if name is None and folder is None:
        raise typer.BadParameter("Name a workflow, or give --folder for all of them.")

    async def work(database: Database) -> dict[str, str]:
        user, settings = await accounts.require_user_by_email(email), config.load_settings()
        versions = VersionCache(database, (await load_keyring(database, settings)).secrets, settings)
        chosen = {"owner": user.id, "deleted": False} | ({"name": name} if name else {})
        found = await database.workflows.find(chosen).to_list()
        if not found and name is not None:
            raise NotFound(f"{email} has no workflow named {name}.", "name")
        return {
            workflow["name"]: to_yaml((await versions.get(workflow["_id"], workflow["version"])).masked_definition)
            for workflow in found
        }

    for exported, text in run_with_database(work).items():
        if folder is None:
            typer.echo(text, nl=False)
        else:
            typer.echo(str(write_workflow(folder, exported, text)))


app.command("run")(workflow_runs.run_workflow)


def _outbound_rules() -> ConnectionRules:
    """Return the rules for outbound calls. An error in the settings ends the command."""
    try:
        return ConnectionRules.from_settings(config.load_settings())
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _row(workflow: WorkflowDocument) -> dict[str, object]:
    due = workflow["next_run_at"]
    return {
        "name": workflow["name"],
        "version": workflow["version"],
        "nextRunAt": None if due is None else due.isoformat(),
        "isPaused": workflow.get("paused_at") is not None,
        "description": workflow["description"],
    }
