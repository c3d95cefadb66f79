"""`tocsin workflows`: validate, save, list, export and run workflows."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from tocsin import accounts, clock, config
from tocsin.cli.runner import load_keyring, run_with_database
from tocsin.cli.tables import print_table
from tocsin.documents import Database, Doc, User, WorkflowRun, to_global_id
from tocsin.documents.workers import is_alive
from tocsin.errors import NotFound, SettingsError, TocsinError
from tocsin.jobs import registry
from tocsin.json_values import parse_json
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.quotas import Quotas
from tocsin.security.secret_box import SecretBox
from tocsin.value_bounds import MAX_CHARACTERS, escape_unprintable
from tocsin.workflows import saving, starting
from tocsin.workflows.language.json_schema import load_shipped_schema
from tocsin.workflows.language.source import Fault, WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.language.yaml_writer import to_yaml
from tocsin.workflows.samples import load_samples as shipped_samples
from tocsin.workflows.versions import VersionCache

app = typer.Typer(help="Validate, save, list, export and run workflows.", no_args_is_help=True)
samples = typer.Typer(help="List and save the sample workflows that come with Tocsin.", no_args_is_help=True)
_POLL_SECONDS = 0.2
_END_STATUSES = ("COMPLETED", "FAILED", "CANCELLED")
_UNSERVED_LIMIT = timedelta(minutes=1)
_NOT_SERVED = (
    "No server is running on this database. Start `tocsin serve` first, or use --no-wait to queue the workflow run "
    "until a server is started."
)

Email = Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The workflow's name.", show_default=False)]
Paths = Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.", exists=True, show_default=False)]


@app.command()
def validate(paths: Paths) -> None:
    """Report all errors in workflows, without a server. The exit code is 1 if there are any."""
    _read_workflows(paths, lambda path: typer.echo(f"{path}: valid"))


@app.command()
def schema() -> None:
    """Print the JSON Schema of workflows, for editors: `# yaml-language-server: $schema=FILE`."""
    typer.echo(load_shipped_schema(), nl=False)


@app.command()
def save(email: Email, paths: Paths) -> None:
    """Save workflows under their names. If any is invalid, none is saved."""
    sources, rules = _read_workflows(paths, lambda _: None), _outbound_rules()

    async def work(database: Database) -> list[Doc]:
        user, box = await accounts.require_user_by_email(email), await _secret_box(database)
        settings = config.load_settings()
        quotas = await Quotas.for_owner(database, settings, user.id)
        recipients = RecipientRules(settings.email_recipients, user.email)
        for source in sources:
            parse_definition(source, registry.RegisteredJobs(rules, recipients), clock.now())
        saved = [await _save(database, box, user, source, rules, quotas) for source in sources]
        await quotas.flush_usage()
        return saved

    for workflow in run_with_database(work):
        typer.echo(f"{workflow['name']}: version {workflow['version']}")


async def _save(
    database: Database, box: SecretBox, user: User, source: WorkflowSource, rules: ConnectionRules, quotas: Quotas
) -> Doc:
    try:
        return await saving.save_workflow(database, box, user.id, source, clock.now(), rules, quotas=quotas)
    except WorkflowInvalid as invalid:  # which secrets can be kept is known only now
        raise TocsinError(f"{source.data['name']}: {invalid}") from None


@app.command("list")
def list_(email: Email, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """List the workflows of a user, sorted by name."""

    async def work(database: Database) -> list[Doc]:
        user = await accounts.require_user_by_email(email)
        return await database.workflows.find({"owner": user.id, "deleted": False}).sort("name", 1).to_list()

    rows = [_row(workflow) for workflow in run_with_database(work)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        _print(rows)


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
        user = await accounts.require_user_by_email(email)
        versions = VersionCache(database, await _secret_box(database), config.load_settings())
        which = {"owner": user.id, "deleted": False} | ({"name": name} if name else {})
        found = await database.workflows.find(which).to_list()
        if not found and name is not None:
            raise NotFound(f"{email} has no workflow named {name}.", "name")
        return {
            one["name"]: to_yaml((await versions.get(one["_id"], one["version"])).masked_definition) for one in found
        }

    for one, text in run_with_database(work).items():
        if folder is None:
            typer.echo(text, nl=False)
        else:
            typer.echo(str(_write_file(folder, one, text)))


def _write_file(folder: Path, name: str, text: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{folder / name}.yaml cannot be written: {error.strerror}.", err=True)
        raise typer.Exit(1) from None
    return folder / f"{name}.yaml"


@app.command("run")
def run_(
    email: Email,
    name: Name,
    given: Annotated[str, typer.Option("--input", help="The inputs, as a JSON object.")] = "{}",
    wait: Annotated[bool, typer.Option(help="Wait until it ends, and print the result.")] = True,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Maximum seconds to wait. Default: no limit.")] = None,
) -> None:
    """Run a workflow on the running server. The exit code is 1 if it does not complete."""
    inputs = _parse_inputs(given)

    async def work(database: Database) -> WorkflowRun:
        user = await accounts.require_user_by_email(email)
        versions = VersionCache(database, await _secret_box(database), config.load_settings())
        await starting.validate_inputs(database, versions, user.id, name, inputs)
        if wait and not await _is_served(database):
            raise TocsinError(_NOT_SERVED)
        quotas = await Quotas.for_owner(database, config.load_settings(), user.id)
        quotas.consume_run(user.id)
        await quotas.flush_usage()
        begun = await starting.start_workflow(database, versions, user.id, name, inputs, clock.now())
        return await _wait_for_run(database, begun, timeout) if wait else begun

    done = run_with_database(work)
    if not wait:
        typer.echo(to_global_id("WorkflowRun", done.id))
        return
    typer.echo(json.dumps(_result_as_json(done), indent=2, ensure_ascii=False))
    if done.status.value != "COMPLETED":
        raise typer.Exit(1)


@samples.command()
def load(email: Email) -> None:
    """Save the sample workflows for a user: hello_world, failing_flow and others."""

    async def work(database: Database) -> list[str]:
        user, box = await accounts.require_user_by_email(email), await _secret_box(database)
        quotas = await Quotas.for_owner(database, config.load_settings(), user.id)
        return [await _save_sample(database, box, user, text, quotas) for text in shipped_samples().values()]

    for line in run_with_database(work):
        typer.echo(line)


@samples.command("list")
def list_samples() -> None:
    """List the names of the sample workflows."""
    for name in shipped_samples():
        typer.echo(name)


async def _save_sample(database: Database, box: SecretBox, user: User, text: str, quotas: Quotas) -> str:
    saved = await saving.save_workflow(database, box, user.id, parse_yaml(text), clock.now(), quotas=quotas)
    return f"{saved['name']}: version {saved['version']}"


async def _wait_for_run(database: Database, begun: WorkflowRun, seconds: float | None) -> WorkflowRun:
    """Wait until a server has executed the run, and return it. Raises TocsinError after `seconds`."""
    shown = to_global_id("WorkflowRun", begun.id)
    typer.echo(f"Waiting for {shown}, which is executed by a server.", err=True)
    try:
        async with asyncio.timeout(seconds):
            return await _poll_until_ended(database, begun)
    except TimeoutError:
        raise TocsinError(
            f"The run has not ended within {seconds:g} seconds. {shown} continues; you can cancel it."
        ) from None
    except asyncio.CancelledError:
        typer.echo(f"Stopped waiting. {shown} continues; you can cancel it.", err=True)
        raise


async def _poll_until_ended(database: Database, begun: WorkflowRun) -> WorkflowRun:
    served_at = clock.now()
    while (found := await WorkflowRun.get(begun.id)) is not None and found.status.value not in _END_STATUSES:
        if await _is_served(database):
            served_at = clock.now()
        elif clock.now() - served_at > _UNSERVED_LIMIT:
            shown = to_global_id("WorkflowRun", begun.id)
            raise TocsinError(f"No server has been running for a minute. {shown} continues when one is started.")
        await asyncio.sleep(_POLL_SECONDS)
    return found or begun


async def _is_served(database: Database) -> bool:
    """Tell whether a server is running on this database."""
    now = clock.now()
    return any([is_alive(worker, now) async for worker in database.workers.find({})])


async def _secret_box(database: Database) -> SecretBox:
    return (await load_keyring(database, config.load_settings())).secrets


def _outbound_rules() -> ConnectionRules:
    """Return the rules for outbound calls. An error in the settings ends the command."""
    try:
        return ConnectionRules.from_settings(config.load_settings())
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _find_files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.suffix in {".yaml", ".yml"})
        else:
            yield path


def _read_source(path: Path) -> WorkflowSource:
    """Return the workflow in a file. Raises WorkflowInvalid."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CHARACTERS + 1)
        if len(content) > MAX_CHARACTERS:
            raise WorkflowInvalid([Fault(f"The text is longer than the limit of {MAX_CHARACTERS} bytes.")])
        return parse_yaml(content.decode())
    except UnicodeDecodeError as error:
        line, column = content.count(b"\n", 0, error.start) + 1, error.start - content.rfind(b"\n", 0, error.start)
        raise WorkflowInvalid([Fault(f"This is not valid UTF-8: {error.reason}.", (), line, column)]) from None
    except OSError as error:
        raise WorkflowInvalid([Fault(f"The file cannot be read: {error.strerror}.")]) from None


def _read_workflows(paths: list[Path], tell_right: Callable[[Path], None]) -> list[WorkflowSource]:
    """Return the workflows in these files. Reports errors, or that there are no files, and ends the command."""
    found, wrong, jobs = [], 0, registry.RegisteredJobs(_outbound_rules())
    for path in _find_files(paths):
        try:
            source = _read_source(path)
            parse_definition(source, jobs, clock.now())
            found.append(source)
            tell_right(path)
        except WorkflowInvalid as invalid:
            wrong += 1
            for fault in invalid.faults:
                typer.echo(f"{path}: {escape_unprintable(str(fault))}", err=True)
    if not found and not wrong:
        typer.echo("No files found that end in .yaml or .yml.", err=True)
    if wrong or not found:
        raise typer.Exit(1)
    return found


def _parse_inputs(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError as error:
        raise typer.BadParameter(f"--input is not valid JSON: {error}") from None


def _result_as_json(done: WorkflowRun) -> dict[str, Any]:
    steps = {key: state["status"] for key, state in done.steps.items()}
    result = None if done.output is None else json.loads(done.output)
    return {"status": done.status.value, "result": result, "error": done.error, "steps": steps}


def _row(workflow: Doc) -> dict[str, Any]:
    due = workflow["next_run_at"]
    return {
        "name": workflow["name"],
        "version": workflow["version"],
        "nextRunAt": None if due is None else due.isoformat(),
        "description": workflow["description"],
    }


def _print(rows: list[dict[str, Any]]) -> None:
    cells = [["" if value is None else value for value in row.values()] for row in rows]
    print_table(("Name", "Version", "Next run", "Description"), cells, ("Name",))
