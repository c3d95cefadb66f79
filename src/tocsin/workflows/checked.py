"""Reading, checking and writing workflows where it keeps nobody waiting: large ones in processes of their own."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.documents import Doc
from tocsin.jobs.base import Compute, LimitReached, ProcessEnded
from tocsin.jobs.compute_limits import MEBIBYTE, Limits
from tocsin.jobs.registry import Catalog
from tocsin.jobs.value_bounds import LARGEST, Path
from tocsin.workflows.checking import read_definition
from tocsin.workflows.definition import WorkflowDefinition
from tocsin.workflows.hiding import MASK
from tocsin.workflows.reading import Fault, Place, Source, WorkflowInvalid, read_object, read_yaml
from tocsin.workflows.writing import to_yaml

Places = dict[Path, Place]
SMALL = 4 * 1024
"""Characters of a workflow that a thread reads or writes, in some milliseconds."""
_LIMITS = Limits(memory=384 * MEBIBYTE, seconds=20)
_LARGEST_GIVEN = 8 * LARGEST
"""Characters of an object as JSON that are looked at: a text of it may be as long as its bounds, and be escaped."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A workflow that can be saved: it as a definition, and as it was written, with the places at least of masks."""

    definition: WorkflowDefinition
    source: Source


async def check_source(source: Source, now: datetime, catalog: Catalog) -> Checked:
    """Check a workflow in a thread. Raises WorkflowInvalid."""
    return Checked(await asyncio.to_thread(read_definition, source, catalog, now), source)


async def check_yaml(text: str, now: datetime, catalog: Catalog, compute: Compute | None, owner: str) -> Checked:
    """Read and check the text of a workflow. Raises WorkflowInvalid."""
    if compute is None or len(text) <= SMALL or len(text) > LARGEST:
        return await check_source(await asyncio.to_thread(read_yaml, text), now, catalog)
    return await _checked_apart(text, now, catalog, compute, owner, is_yaml=True)


async def check_object(value: Any, now: datetime, catalog: Catalog, compute: Compute | None, owner: str) -> Checked:
    """Check a workflow that was given as a value. Raises WorkflowInvalid."""
    text = await asyncio.to_thread(json.dumps, value, ensure_ascii=False)
    if compute is None or len(text) <= SMALL or len(text) > _LARGEST_GIVEN:
        return await check_source(await asyncio.to_thread(read_object, value), now, catalog)
    return await _checked_apart(text, now, catalog, compute, owner, is_yaml=False)


async def write_yaml(data: Doc, size: int, compute: Compute | None, owner: str) -> str:
    """A workflow of about this size, in characters, as a YAML text."""
    if compute is None or size <= SMALL:
        return await asyncio.to_thread(to_yaml, data)
    return await compute(yaml_of, json.dumps(data), owner=owner, limits=_LIMITS)


def yaml_of(text: str) -> str:
    """The YAML text of a JSON text."""
    return to_yaml(json.loads(text))


def checked_text(text: str, now: datetime, catalog: Catalog, *, is_yaml: bool) -> tuple[str, Places, list[Fault]]:
    """The workflow that is meant as a JSON text, the places of the masks in it, and all its faults."""
    try:
        source = read_yaml(text) if is_yaml else read_object(json.loads(text))
        read_definition(source, catalog, now)
    except WorkflowInvalid as invalid:
        return "", {}, invalid.faults
    masks = {path: place for path, place in source.places.items() if _at(source.data, path) == MASK}
    return json.dumps(source.data, ensure_ascii=False), masks, []


def _at(value: Any, path: Path) -> Any:
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
        message = f"The workflow could not be checked. {ended} Divide it into several workflows, or write it shorter."
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
