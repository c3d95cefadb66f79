"""Parsing, validation and serialization of workflows off the event loop: large ones in a separate process."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.compute.limits import MEBIBYTE, ComputeLimits
from tocsin.jobs.base import Compute, ComputeLimitReached, ComputeProcessEnded
from tocsin.jobs.registry import RegisteredJobs
from tocsin.value_bounds import MAX_CHARACTERS, ValuePath
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.source import Fault, TextPosition, WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_object, parse_yaml
from tocsin.workflows.language.yaml_writer import to_yaml
from tocsin.workflows.secrets import MASK

Positions = dict[ValuePath, TextPosition]
MAX_INLINE_LENGTH = 4 * 1024
"""Maximum length, in characters, of a workflow that a thread reads or writes. That takes a few milliseconds."""
_LIMITS = ComputeLimits(memory_bytes=384 * MEBIBYTE, cpu_seconds=20)
_LARGEST_GIVEN = 8 * MAX_CHARACTERS
"""Maximum length, in characters of JSON, of an object to check. Its strings may be long and escaped."""


@dataclass(frozen=True, slots=True)
class ValidatedWorkflow:
    """A valid workflow: its definition, and its source with at least the positions of masks."""

    definition: WorkflowDefinition
    source: WorkflowSource


async def validate_source(source: WorkflowSource, now: datetime, catalog: RegisteredJobs) -> ValidatedWorkflow:
    """Validate a workflow in a thread. Raises WorkflowInvalid."""
    return ValidatedWorkflow(await asyncio.to_thread(parse_definition, source, catalog, now), source)


async def validate_yaml(
    text: str, now: datetime, catalog: RegisteredJobs, compute: Compute | None, owner: str
) -> ValidatedWorkflow:
    """Parse and validate the YAML text of a workflow. Raises WorkflowInvalid."""
    if compute is None or len(text) <= MAX_INLINE_LENGTH or len(text) > MAX_CHARACTERS:
        return await validate_source(await asyncio.to_thread(parse_yaml, text), now, catalog)
    return await _validate_in_process(text, now, catalog, compute, owner, is_yaml=True)


async def validate_object(
    value: Any, now: datetime, catalog: RegisteredJobs, compute: Compute | None, owner: str
) -> ValidatedWorkflow:
    """Validate a workflow given as a JSON value. Raises WorkflowInvalid."""
    text = await asyncio.to_thread(json.dumps, value, ensure_ascii=False)
    if compute is None or len(text) <= MAX_INLINE_LENGTH or len(text) > _LARGEST_GIVEN:
        return await validate_source(await asyncio.to_thread(parse_object, value), now, catalog)
    return await _validate_in_process(text, now, catalog, compute, owner, is_yaml=False)


async def render_yaml(data: Mapping[str, Any], size: int, compute: Compute | None, owner: str) -> str:
    """Return a workflow as YAML. `size` is its approximate length in characters."""
    if compute is None or size <= MAX_INLINE_LENGTH:
        return await asyncio.to_thread(to_yaml, data)
    return await compute(json_to_yaml, json.dumps(data), owner=owner, limits=_LIMITS)


def json_to_yaml(text: str) -> str:
    """Convert a JSON text to YAML."""
    return to_yaml(json.loads(text))


def validate_text(
    text: str, now: datetime, catalog: RegisteredJobs, *, is_yaml: bool
) -> tuple[str, Positions, list[Fault]]:
    """Return the workflow as a JSON text, the positions of its masks, and its faults."""
    try:
        source = parse_yaml(text) if is_yaml else parse_object(json.loads(text))
        parse_definition(source, catalog, now)
    except WorkflowInvalid as invalid:
        return "", {}, invalid.faults
    masks = {path: place for path, place in source.positions.items() if _get_at(source.data, path) == MASK}
    return json.dumps(source.data, ensure_ascii=False), masks, []


def _get_at(value: Any, path: ValuePath) -> Any:
    for part in path:
        value = value[part]
    return value


async def _validate_in_process(
    text: str, now: datetime, catalog: RegisteredJobs, compute: Compute, owner: str, *, is_yaml: bool
) -> ValidatedWorkflow:
    try:
        found, masks, faults = await compute(
            _validate_yaml_text if is_yaml else _validate_object_text, text, now, catalog, owner=owner, limits=_LIMITS
        )
    except (ComputeLimitReached, ComputeProcessEnded) as ended:
        message = f"The workflow could not be checked. {ended} Split it into several workflows, or shorten it."
        raise WorkflowInvalid([Fault(message)]) from None
    if faults:
        raise WorkflowInvalid(faults)
    return await asyncio.to_thread(_read_validated, found, masks)


def _validate_yaml_text(text: str, now: datetime, catalog: RegisteredJobs) -> tuple[str, Positions, list[Fault]]:
    return validate_text(text, now, catalog, is_yaml=True)


def _validate_object_text(text: str, now: datetime, catalog: RegisteredJobs) -> tuple[str, Positions, list[Fault]]:
    return validate_text(text, now, catalog, is_yaml=False)


def _read_validated(text: str, masks: Positions) -> ValidatedWorkflow:
    data = json.loads(text)
    return ValidatedWorkflow(
        WorkflowDefinition.model_validate(data).resolve_dependencies(), WorkflowSource(data, masks)
    )
