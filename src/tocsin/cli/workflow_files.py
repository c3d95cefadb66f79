"""Workflow files: found, read and validated for `tocsin workflows`, and written by its export."""

from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from tocsin import clock
from tocsin.jobs import registry
from tocsin.outbound.guard import ConnectionRules
from tocsin.value_bounds import MAX_CHARACTERS, escape_unprintable
from tocsin.workflows.language.source import Fault, WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml


def read_workflows(
    paths: list[Path], rules: ConnectionRules, report_valid: Callable[[Path], None] = lambda _: None
) -> list[WorkflowSource]:
    """Return the workflows in these files. Reports errors, or that there are no files, and ends the command."""
    found, invalid_files, jobs = [], 0, registry.RegisteredJobs(rules)
    for path in _find_files(paths):
        try:
            source = read_workflow(path)
            parse_definition(source, jobs, clock.now())
            found.append(source)
            report_valid(path)
        except WorkflowInvalid as invalid:
            invalid_files += 1
            for fault in invalid.faults:
                typer.echo(f"{path}: {escape_unprintable(str(fault))}", err=True)
    if not found and not invalid_files:
        typer.echo("No files found that end in .yaml or .yml.", err=True)
    if invalid_files or not found:
        raise typer.Exit(1)
    return found


def _find_files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*") if found.suffix in {".yaml", ".yml"})
        else:
            yield path


def read_workflow(path: Path) -> WorkflowSource:
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


def write_workflow(folder: Path, name: str, text: str) -> Path:
    """Write NAME.yaml to the folder, and return its path. An error ends the command."""
    path = folder / f"{name}.yaml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        typer.echo(f"{path} cannot be written: {error.strerror}.", err=True)
        raise typer.Exit(1) from None
    return path
