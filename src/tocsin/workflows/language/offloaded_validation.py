"""Parsing, validation and serialization of workflows off the event loop: large ones in a separate process."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.compute.limits import MEBIBYTE, Limits
from tocsin.documents import Doc
from tocsin.jobs.base import Compute, LimitReached, ProcessEnded
from tocsin.jobs.registry import Catalog
from tocsin.value_bounds import LARGEST, Path
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.validation import read_definition
from tocsin.workflows.language.yaml_reader import Fault, Place, Source, WorkflowInvalid, read_object, read_yaml
from tocsin.workflows.language.yaml_writer import to_yaml
from tocsin.workflows.secrets import MASK

Places = dict[Path, Place]
SMALL = 4 * 1024
"""Maximum length, in characters, of a workflow that a thread reads or writes. That takes a few milliseconds."""
_LIMITS = Limits(memory=384 * MEBIBYTE, seconds=20)
_LARGEST_GIVEN = 8 * LARGEST
"""Maximum length, in characters of JSON, of an object to check. Its strings may be long and escaped."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A valid workflow: its definition, and its source with at least the positions of masks."""

    definition: WorkflowDefinition
    source: Source


async def check_source(source: Source, now: datetime, catalog: Catalog) -> Checked:
    """Validate a workflow in a thread. Raises WorkflowInvalid."""
    return Checked(await asyncio.to_thread(read_definition, source, catalog, now), source)


async def check_yaml(text: str, now: datetime, catalog: Catalog, compute: Compute | None, owner: str) -> Checked:
    """Parse and validate the YAML text of a workflow. Raises WorkflowInvalid."""
    if compute is None or len(text) <= SMALL or len(text) > LARGEST:
        return await check_source(await asyncio.to_thread(read_yaml, text), now, catalog)
    return await _checked_apart(text, now, catalog, compute, owner, is_yaml=True)


async def check_object(value: Any, now: datetime, catalog: Catalog, compute: Compute | None, owner: str) -> Checked:
    """Validate a workflow given as a JSON value. Raises WorkflowInvalid."""
    text = await asyncio.to_thread(json.dumps, value, ensure_ascii=False)
    if compute is None or len(text) <= SMALL or len(text) > _LARGEST_GIVEN:
        return await check_source(await asyncio.to_thread(read_object, value), now, catalog)
    return await _checked_apart(text, now, catalog, compute, owner, is_yaml=False)


async def write_yaml(data: Doc, size: int, compute: Compute | None, owner: str) -> str:
    """Return a workflow as YAML. `size` is its approximate length in characters."""
    if compute is None or size <= SMALL:
        return await asyncio.to_thread(to_yaml, data)
    return await compute(yaml_of, json.dumps(data), owner=owner, limits=_LIMITS)


def yaml_of(text: str) -> str:
    """Convert a JSON text to YAML."""
    return to_yaml(json.loads(text))


def checked_text(text: str, now: datetime, catalog: Catalog, *, is_yaml: bool) -> tuple[str, Places, list[Fault]]:
    """Return the workflow as a JSON text, the positions of its masks, and its faults."""
    try:
        source = read_yaml(text) if is_yaml else read_object(json.loads(text))
        read_definition(source, catalog, now)
    except WorkflowInvalid as invalid:
        return "", {}, invalid.faults
    masks = {path: place for path, place in source.places.items() if _get_at(source.data, path) == MASK}
    return json.dumps(source.data, ensure_ascii=False), masks, []


def _get_at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value


async def _checked_apart(
    text: str, now: datetime, catalog: Catalog, compute: Compute, owner: str, *, is_yaml: bool
) -> Checked:
    try:
        found, masks, faults = await compute(
            _yaml_checked if is_yaml else _object_checked, text, now, catalog, owner=owner, limits=_LIMITS
        )
    except (LimitReached, ProcessEnded) as ended:
        message = f"The workflow could not be checked. {ended} Split it into several workflows, or shorten it."
        raise WorkflowInvalid([Fault(message)]) from None
    if faults:
        raise WorkflowInvalid(faults)
    return await asyncio.to_thread(_read_checked, found, masks)


def _yaml_checked(text: str, now: datetime, catalog: Catalog) -> tuple[str, Places, list[Fault]]:
    return checked_text(text, now, catalog, is_yaml=True)


def _object_checked(text: str, now: datetime, catalog: Catalog) -> tuple[str, Places, list[Fault]]:
    return checked_text(text, now, catalog, is_yaml=False)


def _read_checked(text: str, masks: Places) -> Checked:
    data = json.loads(text)
    return Checked(WorkflowDefinition.model_validate(data).resolved(), Source(data, masks))
