"""`tocsin workflows`: workflows in files and folders, checked, saved, run, taken out again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin import accounts, clock, config
from tocsin.cli.session import load_keyring, run
from tocsin.documents import Database, Doc, User, WorkflowRun, global_id
from tocsin.errors import InvalidInput, NotFound, SettingsError
from tocsin.jobs import registry
from tocsin.jobs.json_values import read_json
from tocsin.outbound.guard import Rules
from tocsin.security.secrets import SecretBox
from tocsin.workflows import saving, starting
from tocsin.workflows.checking import read_definition
from tocsin.workflows.hiding import mask
from tocsin.workflows.json_schema import shipped
from tocsin.workflows.reading import Source, WorkflowInvalid, read_yaml
from tocsin.workflows.samples import samples as shipped_samples
from tocsin.workflows.versions import Versions
from tocsin.workflows.writing import to_yaml

app = typer.Typer(help="Check, save, list, export and run workflows.", no_args_is_help=True)
samples = typer.Typer(help="The workflows that Tocsin ships.", no_args_is_help=True)
_POLL = 0.2
_ENDED = ("COMPLETED", "FAILED", "CANCELLED")

Email = Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)]
Name = Annotated[str, typer.Argument(help="The workflow's name.", show_default=False)]
Paths = Annotated[list[Path], typer.Argument(help="YAML files, or folders of them.", exists=True, show_default=False)]


@app.command()
def validate(paths: Paths) -> None:
    """Say all that is wrong with workflows, without a server. The exit code is 1 if anything is."""
    wrong, jobs = 0, registry.Catalog(_rules())
    for path in _files(paths):
        try:
            read_definition(_source(path), jobs)
            typer.echo(f"{path}: right")
        except WorkflowInvalid as invalid:
            wrong += 1
            _tell(path, invalid)
    if wrong:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of workflows, for editors: `# yaml-language-server: $schema=FILE`."""
    typer.echo(shipped(), nl=False)


@app.command()
def save(email: Email, paths: Paths) -> None:
    """Save workflows under their names. None is saved if any is wrong."""
    sources, rules = _checked(paths), _rules()

    async def work(database: Database) -> list[Doc]:
        user, box = await accounts.find_user(email), await _box(database)
        return [await saving.save(database, box, user.id, source, clock.now(), rules) for source in sources]

    for workflow in run(work):
        typer.echo(f"{workflow['name']}: version {workflow['version']}")


@app.command("list")
def list_(email: Email, as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False) -> None:
    """Show the workflows of a user, by name."""

    async def work(database: Database) -> list[Doc]:
        user = await accounts.find_user(email)
        return await database.workflows.find({"owner": user.id, "deleted": False}).sort("name", 1).to_list()

    rows = [_row(workflow) for workflow in run(work)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        Console().print(_table(rows))


@app.command()
def export(
    email: Email,
    name: Annotated[str | None, typer.Argument(help="The workflow's name. Default: all, into --folder.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Write NAME.yaml files there instead of printing.")] = None,
) -> None:
    """Print workflows as YAML, or write them to files. Secrets show as ***, which keeps them when saved again."""
    if name is None and folder is None:
        raise typer.BadParameter("Name a workflow, or give --folder for all of them.")

    async def work(database: Database) -> dict[str, str]:
        user = await accounts.find_user(email)
        versions = Versions(database, await _box(database), config.load())
        which = {"owner": user.id, "deleted": False} | ({"name": name} if name else {})
        found = await database.workflows.find(which).to_list()
        if not found and name is not None:
            raise NotFound(f"{email} has no workflow named {name}.", "name")
        return {one["name"]: to_yaml(mask((await versions.get(one["_id"], one["version"])).data)) for one in found}

    for one, text in run(work).items():
        if folder is None:
            typer.echo(text, nl=False)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{one}.yaml").write_text(text, encoding="utf-8")
            typer.echo(str(folder / f"{one}.yaml"))


@app.command("run")
def run_(
    email: Email,
    name: Name,
    given: Annotated[str, typer.Option("--input", help="The inputs: a JSON object.")] = "{}",
    wait: Annotated[bool, typer.Option(help="Wait for the end, and print the result.")] = True,
) -> None:
    """Run a workflow on the running server. The exit code is 1 if it does not complete."""
    inputs = _json(given)

    async def work(database: Database) -> WorkflowRun:
        user = await accounts.find_user(email)
        versions = Versions(database, await _box(database), config.load())
        begun = await starting.execute(database, versions, user.id, name, inputs, clock.now())
        return await _ended(begun) if wait else begun

    done = run(work)
    if not wait:
        typer.echo(global_id("WorkflowRun", done.id))
        return
    typer.echo(json.dumps(_outcome(done), indent=2, ensure_ascii=False))
    if done.status.value != "COMPLETED":
        raise typer.Exit(1)


@samples.command()
def load(email: Email) -> None:
    """Save the workflows that Tocsin ships for a user: hello_world, failing_flow and others."""

    async def work(database: Database) -> list[str]:
        user, box = await accounts.find_user(email), await _box(database)
        return [await _load(database, box, user, text) for text in shipped_samples().values()]

    for line in run(work):
        typer.echo(line)


@samples.command("list")
def list_samples() -> None:
    """Show the names of the workflows that Tocsin ships."""
    for name in shipped_samples():
        typer.echo(name)


async def _load(database: Database, box: SecretBox, user: User, text: str) -> str:
    saved = await saving.save(database, box, user.id, read_yaml(text), clock.now())
    return f"{saved['name']}: version {saved['version']}"


async def _ended(begun: WorkflowRun) -> WorkflowRun:
    """The run when it has ended: a server runs it, not this command."""
    typer.echo(f"waiting for {global_id('WorkflowRun', begun.id)}; a running server runs it", err=True)
    while (found := await WorkflowRun.get(begun.id)) is not None and found.status.value not in _ENDED:
        await asyncio.sleep(_POLL)
    return found or begun


async def _box(database: Database) -> SecretBox:
    return (await load_keyring(database, config.load())).secrets


def _rules() -> Rules:
    """What this installation may call. An error in its settings ends the command."""
    try:
        return Rules.of(config.load())
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.suffix in {".yaml", ".yml"})
        else:
            yield path


def _source(path: Path) -> Source:
    try:
        return read_yaml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is no UTF-8 text: {error.reason}.") from None


def _checked(paths: list[Path]) -> list[Source]:
    sources, wrong, jobs = [], 0, registry.Catalog(_rules())
    for path in _files(paths):
        try:
            source = _source(path)
            read_definition(source, jobs)
            sources.append(source)
        except WorkflowInvalid as invalid:
            wrong += 1
            _tell(path, invalid)
    if wrong:
        raise typer.Exit(1)
    return sources


def _tell(path: Path, invalid: WorkflowInvalid) -> None:
    for fault in invalid.faults:
        typer.echo(f"{path}: {fault}", err=True)


def _json(text: str) -> Any:
    try:
        return read_json(text)
    except ValueError as error:
        raise typer.BadParameter(f"--input is no JSON that can be read: {error}") from None


def _outcome(done: WorkflowRun) -> dict[str, Any]:
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


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("Name", "Version", "Next run", "Description")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row.values()))
    return table
