"""Validation of workflows: finds all faults before a workflow is saved. Pure."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from pydantic import ValidationError

from tocsin.clock import EPOCH
from tocsin.errors import InvalidInput
from tocsin.schedules.iso8601 import parse_iso_duration
from tocsin.schedules.specs import parse_schedule_spec
from tocsin.tasks.retry_spec import parse_retry_spec
from tocsin.value_bounds import ValuePath, find_value_faults
from tocsin.workflows.language import expressions, graph
from tocsin.workflows.language.definition import MAX_STEPS, MIN_REMINDER_SECONDS, InputType, Step, WorkflowDefinition
from tocsin.workflows.language.inputs import is_of_type
from tocsin.workflows.language.model_faults import describe_model_faults, format_faults
from tocsin.workflows.language.outline import Outline, StepOutline, build_outline, get_field
from tocsin.workflows.language.secret_faults import find_secret_faults
from tocsin.workflows.language.source import Fault, WorkflowInvalid, WorkflowSource

MAX_FAULTS = 50
_MOST_LOOKED_FOR = 500
"""Maximum number of faults collected of the shape, and as many of the rest. A suggestion takes 1 to 2 ms each."""
MAX_EXPRESSIONS = 2_000
"""Maximum number in a workflow: each is parsed whenever the workflow is loaded."""
_LONGEST_NAME = 100
_ROOTS = ("inputs", "steps", "item", "index", "workflow", "run", "callback", "secrets")
_STEP_NAMES = {name for key, field in Step.model_fields.items() for name in (key, field.alias)}
PlacedFaults = Iterator[tuple[ValuePath, str]]


class JobCatalog(Protocol):
    """The available jobs."""

    def kinds(self) -> Collection[str]:
        """Return the kinds of the jobs."""
        ...

    def check(self, kind: str, params: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the faults of parameters, which may contain expressions."""
        ...

    def explain_unknown_secret(self, name: str) -> str | None:
        """Return a sentence if the owner has no secret of this name, or None."""
        ...


def parse_definition(source: WorkflowSource, jobs: JobCatalog, now: datetime = EPOCH) -> WorkflowDefinition:
    """Parse and validate a workflow as of `now`. Every workflow passes through here before it is saved.

    Raises WorkflowInvalid with all faults, in the order of the source.
    """
    definition, found = None, list(find_value_faults(source.data))
    if not found:
        try:
            definition = WorkflowDefinition.model_validate(source.data)
        except ValidationError as error:
            found += islice(describe_model_faults(WorkflowDefinition, error), _MOST_LOOKED_FOR)
        found += islice(_find_all_faults(build_outline(source.data), jobs, now), _MOST_LOOKED_FOR)
    faults = [*source.faults, *_without_echoes(source, found)]
    if faults or definition is None:
        raise WorkflowInvalid(_limit_faults(_sort_faults(source, faults)))
    return definition.resolve_dependencies()


def _without_echoes(source: WorkflowSource, found: Iterable[tuple[ValuePath, str]]) -> Iterator[Fault]:
    """Yield the faults, except those of parts that are null because the reader already rejected them."""
    rejected = {path for fault in source.faults for path in (fault.path, fault.path[:-1])}
    yield from (source.locate_fault(path, message) for path, message in dict.fromkeys(found) if path not in rejected)


def _sort_faults(source: WorkflowSource, faults: list[Fault]) -> list[Fault]:
    return sorted(
        faults, key=lambda fault: (fault.line or 0, fault.column or 0, *_find_position(source.data, fault.path))
    )


def _find_position(data: Any, path: ValuePath) -> Iterator[int]:
    """Yield the position of a part in a value, for values without line numbers."""
    for part in path:
        if isinstance(data, Mapping) and part in data:
            yield list(data).index(part)
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            yield part
            data = data[part]
        else:
            return


def _limit_faults(faults: list[Fault]) -> list[Fault]:
    more = len(faults) - MAX_FAULTS
    return faults if more <= 0 else [*faults[:MAX_FAULTS], Fault(f"And {more:,} more faults.")]


def _find_all_faults(outline: Outline, jobs: JobCatalog, now: datetime) -> PlacedFaults:
    if len(outline.steps) > MAX_STEPS:
        return
    doubled = list(_find_duplicate_keys(outline))
    yield from doubled
    yield from _find_wrong_defaults(outline)
    yield from _find_schedule_faults(outline, now)
    yield from _find_dependency_faults(outline)
    if not doubled:
        yield from _find_cycle(outline)
    for step in outline.steps:
        yield from _find_step_faults(step, outline, jobs)
    if (
        count := sum(expressions.count_expressions(value) for value in _iter_expression_values(outline))
    ) > MAX_EXPRESSIONS:
        yield (), f"The workflow has {count:,} expressions; at most {MAX_EXPRESSIONS:,} are allowed."
    if outline.output is not None:
        yield from _find_expression_faults(outline.output, ("output",), set(outline.keys), outline, item=False)
        yield from _find_callback_faults(outline.output, ("output",))
        yield from find_secret_faults(outline.output, ("output",), jobs.explain_unknown_secret, is_call=False)


def _iter_expression_values(outline: Outline) -> Iterator[Any]:
    yield outline.output
    for step in outline.steps:
        yield from step.expression_values().values()


def _find_duplicate_keys(outline: Outline) -> PlacedFaults:
    counts = Counter(outline.keys)
    seen: set[str] = set()
    for step in outline.steps:
        if counts[step.key] > 1 and step.key in seen:
            yield (*step.path, "key"), f"Two steps have the key {step.key}. Keys must be unique."
        seen.add(step.key)


def _find_wrong_defaults(outline: Outline) -> PlacedFaults:
    types = {type_.value: type_ for type_ in InputType}
    for name, spec in outline.inputs.items():
        given = spec if isinstance(spec, Mapping) else {}
        kind = given.get("type", "any")
        type_ = types.get(kind) if isinstance(kind, str) else None
        if type_ is not None and given.get("default") is not None and not is_of_type(type_, given["default"]):
            yield ("inputs", name, "default"), f"The default of {name} is not of the type {kind}."


def _find_schedule_faults(outline: Outline, now: datetime) -> PlacedFaults:
    if isinstance(outline.schedule, Mapping):
        try:
            parse_schedule_spec(outline.schedule, now)
        except InvalidInput as error:
            yield from ((("schedule",), sentence) for sentence in format_faults(error))


def _find_dependency_faults(outline: Outline) -> PlacedFaults:
    for step in outline.steps:
        for place, key in step.iter_dependencies():
            path: ValuePath = (*step.path, "dependsOn", place)
            if key == step.key:
                yield path, f"{key} cannot depend on itself."
            elif key not in outline.keys:
                yield path, f"There is no step {key}.{_suggest_name(key, outline.keys)}"


def _find_cycle(outline: Outline) -> PlacedFaults:
    cycle = graph.find_cycle(outline.dependencies())
    if cycle is not None and len(cycle) > 2:
        path = next(step.path for step in outline.steps if step.key == cycle[0])
        yield (*path, "dependsOn"), f"The steps depend on each other in a cycle: {' -> '.join(cycle)}."


def _find_step_faults(step: StepOutline, outline: Outline, jobs: JobCatalog) -> PlacedFaults:
    if (wrong := step.find_shape_fault()) is not None and not (step.has_no_kind and set(step.data) - _STEP_NAMES):
        yield step.path, wrong  # otherwise the kind is a misspelled key
    before = set(outline.find_steps_before(step))
    calls = {(*path[len(step.path) :], "params") for path, kind, _ in step.iter_jobs() if kind == "http"}
    for place, value in step.expression_values().items():
        own = {step.key} if place[0] == "compensation" else set()
        item = step.is_for_each and place == ("params",)
        found = _find_expression_faults(value, (*step.path, *place), before | own, outline, item=item)
        yield from found if place in calls else (*found, *_find_callback_faults(value, (*step.path, *place)))
        yield from find_secret_faults(value, (*step.path, *place), jobs.explain_unknown_secret, is_call=place in calls)
    yield from _find_frequent_reminders(step)
    for path, kind, params in step.iter_jobs():
        yield from _find_job_faults(kind, params, path, jobs)
    for path, retry in step.iter_retries():
        try:
            parse_retry_spec(retry)
        except InvalidInput as error:
            yield from ((path, sentence) for sentence in format_faults(error))


def _find_frequent_reminders(step: StepOutline) -> PlacedFaults:
    """Find reminders that are too frequent: their recipient is not the author of the workflow."""
    approval = get_field(step.data, "approval")
    given = get_field(approval, "remindEvery") if isinstance(approval, Mapping) else None
    try:
        seconds = parse_iso_duration(given).total_seconds() if isinstance(given, str) else None
    except ValueError:  # already reported
        return
    if seconds is not None and 0 < seconds < MIN_REMINDER_SECONDS:
        message = f"remindEvery must be PT1H or longer; it is {given}."
        yield (*step.path, "approval", "remindEvery"), message


def _find_job_faults(kind: str, params: Mapping[str, Any], path: ValuePath, jobs: JobCatalog) -> PlacedFaults:
    if kind not in jobs.kinds():
        yield (*path, "job"), f"There is no job {kind} on this server.{_suggest_name(kind, jobs.kinds())}"
        return
    for place, message in jobs.check(kind, params):
        yield (*path, "params", *place), message


def _find_expression_faults(
    value: Any, path: ValuePath, before: Collection[str], outline: Outline, *, item: bool
) -> PlacedFaults:
    wrong = expressions.find_faults(value)
    for fault in wrong:
        yield (*path, *fault.path), fault.message
    if wrong:
        return
    yield from _find_unknown_names(value, path, before, outline)
    if not item and {"item", "index"} & expressions.find_roots(value):
        yield path, "item and index are available only in the params of a step with forEach."


def _find_callback_faults(value: Any, path: ValuePath) -> PlacedFaults:
    if not expressions.find_faults(value) and "callback" in expressions.find_roots(value):
        yield path, "callback is available only in the params of an http job."


def _find_unknown_names(value: Any, path: ValuePath, before: Collection[str], outline: Outline) -> PlacedFaults:
    for key in sorted(expressions.find_step_references(value) - {"*"} - set(before)):
        if key not in outline.keys:
            yield path, f"There is no step {key}.{_suggest_name(key, outline.keys)}"
        else:
            yield path, f"The step {key} may still be running when this one starts. Add it to dependsOn."
    for name in sorted(expressions.find_input_references(value) - {"*"} - set(outline.inputs)):
        yield path, f"There is no input {name}.{_suggest_name(name, outline.inputs)}"
    for name in sorted(expressions.find_roots(value) - set(_ROOTS)):
        known = f"{', '.join(_ROOTS[:-1])} or {_ROOTS[-1]}"
        yield path, f"{name} is not defined here. An expression starts with {known}."


def _suggest_name(name: str, names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    near = difflib.get_close_matches(name[:_LONGEST_NAME], known, 1)
    if near:
        return f" Did you mean {near[0]}?"
    return f" There are: {', '.join(sorted(known)[:20])}." if known else " There are none."


__all__ = ["JobCatalog", "parse_definition"]
