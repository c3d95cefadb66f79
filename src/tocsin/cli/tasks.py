"""`tocsin tasks`: tasks that are kept in files, applied to a server over its API."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
import yaml

from tocsin.value_bounds import escape_unprintable
from tocsin.workflows.language.yaml_loader import load_documents

app = typer.Typer(help="Create and update tasks that are kept in files.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="YAML or JSON files, or folders of them.", exists=True)]
Server = Annotated[str, typer.Option(envvar="TOCSIN_SERVER", help="Address of the server.")]
Token = Annotated[str, typer.Option(envvar="TOCSIN_TOKEN", help="API token with the scopes READ and WRITE.")]
_SUFFIXES = {".yaml", ".yml", ".json"}
_TIMEOUT = aiohttp.ClientTimeout(total=60)
_UPSERT = """mutation Apply($input: UpsertTaskInput!) {
  upsertTask(input: $input) { outcome userErrors { field message } }
}"""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A task, as the input of `upsertTask`, and the file that contains it."""

    path: Path
    task: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the task, for messages."""
        return escape_unprintable(str(self.task.get("name", "a task without a name")))


@app.callback()
def _group() -> None:
    """Keep `apply` a subcommand although it is the only one."""


@app.command()
def apply(paths: Paths, token: Token, server: Server = "http://127.0.0.1:8000") -> None:
    """Create or update the tasks in these files by their names. Applying the same files again changes nothing.

    A file contains one task, a list of tasks, or several documents; the fields are those of `UpsertTaskInput`.
    """
    tasks = list(_read(paths))
    if not tasks:
        raise typer.BadParameter("There are no tasks in files that end in .yaml, .yml or .json.")
    if not asyncio.run(_apply_all(tasks, server, token)):
        raise typer.Exit(1)


def _read(paths: list[Path]) -> Iterator[TaskFile]:
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES) if path.is_dir() else [path]
        for file in files:
            for task in _read_file(file):
                yield TaskFile(file, task)


def _read_file(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the tasks of a file. A file that cannot be read ends the command."""
    try:
        documents = load_documents(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}") from None
    for document in documents:
        for task in document if isinstance(document, list) else [document]:
            if not isinstance(task, Mapping):
                raise typer.BadParameter(f"{path} must contain tasks: objects with name, job and schedule.")
            yield task


async def _apply_all(tasks: list[TaskFile], server: str, token: str) -> bool:
    """Apply the tasks one after the other. Return whether all were accepted."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, timeout=_TIMEOUT) as session:
        done = [await _apply(session, f"{server.rstrip('/')}/graphql", task) for task in tasks]
    return all(done)


async def _apply(session: aiohttp.ClientSession, url: str, file: TaskFile) -> bool:
    try:
        body = json.dumps({"query": _UPSERT, "variables": {"input": file.task}})
        async with session.post(url, data=body.encode()) as response:
            answer = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError, TypeError) as error:
        typer.echo(f"{file.path}: {file.name}: {error or type(error).__name__}", err=True)
        return False
    result = (answer.get("data") or {}).get("upsertTask") or {"userErrors": [], "outcome": None}
    for problem in [*answer.get("errors", []), *result["userErrors"]]:
        place = ".".join(problem.get("field") or ())
        message = escape_unprintable(f"{place}: {problem['message']}" if place else problem["message"])
        typer.echo(f"{file.path}: {file.name}: {message}", err=True)
    if result["outcome"] is None:
        return False
    typer.echo(f"{result['outcome'].lower():<9}  {file.name}")
    return True
