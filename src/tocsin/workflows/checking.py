"""Whether a workflow can be run: all that is wrong with it, found before it is saved. Pure."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from pydantic import ValidationError

from tocsin.workflows import expressions, graph
from tocsin.workflows.definition import Step, WorkflowDefinition
from tocsin.workflows.inputs import is_of
from tocsin.workflows.model_faults import model_faults
from tocsin.workflows.reading import Path, Source, WorkflowInvalid

MOST_FAULTS = 50
Found = Iterator[tuple[Path, str]]


class JobCatalog(Protocol):
    """The jobs that there are."""

    def kinds(self) -> Collection[str]:
        """Their names."""
        ...

    def check(self, kind: str, params: Mapping[str, Any]) -> list[tuple[Path, str]]:
        """What is wrong with parameters in which expressions may stand."""
        ...


def read_definition(source: Source, jobs: JobCatalog) -> WorkflowDefinition:
    """The workflow that was written. Raises WorkflowInvalid with all faults."""
    try:
        definition = WorkflowDefinition.model_validate(source.data)
    except ValidationError as error:
        _refuse(source, [*model_faults(WorkflowDefinition, error), *_unknown_jobs(source.data, jobs)])
        raise
    _refuse(source, _all_faults(definition, jobs))
    return definition.resolved()


def _unknown_jobs(data: Any, jobs: JobCatalog) -> Found:
    """What can be said of jobs even where the shape is wrong, so that it need not be told one by one."""
    steps = data.get("steps") if isinstance(data, Mapping) else None
    for index, step in enumerate(steps if isinstance(steps, list) else []):
        kind = step.get("job") if isinstance(step, Mapping) else None
        if isinstance(kind, str) and isinstance(params := step.get("params", {}), Mapping):
            yield from _job(kind, params, ("steps", index), jobs)


def _refuse(source: Source, found: Iterable[tuple[Path, str]]) -> None:
    faults = [source.fault(path, message) for path, message in dict.fromkeys(found)]
    if faults:
        raise WorkflowInvalid(sorted(faults, key=lambda fault: (fault.line or 0, fault.column or 0))[:MOST_FAULTS])


def _all_faults(definition: WorkflowDefinition, jobs: JobCatalog) -> Found:
    doubled = list(_keys(definition))
    yield from doubled
    yield from _defaults(definition)
    resolved = definition.resolved()
    dependencies = resolved.dependencies()
    yield from _dependencies(definition, dependencies)
    circle = None if doubled else graph.cycle(dependencies)
    if circle is not None and len(circle) > 2:
        index = list(dependencies).index(circle[0])
        yield ("steps", index, "dependsOn"), f"The steps wait for each other in a circle: {' -> '.join(circle)}."
    for index, step in enumerate(resolved.steps):
        before = graph.ancestors(dependencies, step.key)
        yield from _step(step, ("steps", index), before, definition, jobs)
    everything = set(dependencies)
    yield from _texts({"output": definition.output}, (), everything, definition, item=False)


def _keys(definition: WorkflowDefinition) -> Found:
    counts = Counter(step.key for step in definition.steps)
    seen: set[str] = set()
    for index, step in enumerate(definition.steps):
        if counts[step.key] > 1 and step.key in seen:
            yield ("steps", index, "key"), f"Two steps have the key {step.key}. Each needs one of its own."
        seen.add(step.key)


def _defaults(definition: WorkflowDefinition) -> Found:
    for name, spec in definition.inputs.items():
        if not spec.required and spec.default is not None and not is_of(spec.type, spec.default):
            yield ("inputs", name, "default"), f"The default of {name} is not of the type {spec.type.value}."


def _dependencies(definition: WorkflowDefinition, dependencies: Mapping[str, Collection[str]]) -> Found:
    for index, step in enumerate(definition.steps):
        for place, key in enumerate(step.depends_on or ()):
            path: Path = ("steps", index, "dependsOn", place)
            if key == step.key:
                yield path, f"{key} cannot depend on itself."
            elif key not in dependencies:
                yield path, f"There is no step {key}.{_meant(key, dependencies)}"


def _step(step: Step, path: Path, before: set[str], definition: WorkflowDefinition, jobs: JobCatalog) -> Found:
    yield from _texts(step.texts(), path, before, definition, item=step.for_each is not None)
    if step.job is not None:
        yield from _job(step.job, step.params, path, jobs)
    if step.compensation is not None:
        yield from _job(step.compensation.job, step.compensation.params, (*path, "compensation"), jobs)


def _job(kind: str, params: Mapping[str, Any], path: Path, jobs: JobCatalog) -> Found:
    if kind not in jobs.kinds():
        yield (*path, "job"), f"There is no job {kind} on this server.{_meant(kind, jobs.kinds())}"
        return
    for place, message in jobs.check(kind, params):
        yield (*path, "params", *place), message


def _texts(
    texts: Mapping[str, Any], path: Path, before: set[str], definition: WorkflowDefinition, *, item: bool
) -> Found:
    for place, value in texts.items():
        wrong = expressions.check(value)
        for fault in wrong:
            yield (*path, place, *fault.path), fault.message
        if wrong or value is None:
            continue
        own = before | {path[1]} if place == "compensation" and len(path) > 1 else before
        yield from _names(value, (*path, place), own, definition)
        if not (item and place == "params") and {"item", "index"} & expressions.roots(value):
            yield (*path, place), "item and index are known only in the params of a step with forEach."


def _names(value: Any, path: Path, before: Collection[Any], definition: WorkflowDefinition) -> Found:
    keys = [step.key for step in definition.steps]
    for key in sorted(expressions.references(value) - {"*"} - set(before)):
        if key not in keys:
            yield path, f"There is no step {key}.{_meant(key, keys)}"
        elif not (path[0] == "steps" and "compensation" in path and keys[int(path[1])] == key):
            yield path, f"The step {key} need not be over when this one begins: add it to dependsOn."
    for name in sorted(expressions.input_references(value) - {"*"} - set(definition.inputs)):
        yield path, f"There is no input {name}.{_meant(name, definition.inputs)}"
    for name in sorted(expressions.roots(value) - {"inputs", "steps", "item", "index", "workflow", "run"}):
        yield path, f"{name} is not known here. An expression begins with inputs, steps, item, index, workflow or run."


def _meant(name: str, names: Iterable[str]) -> str:
    known = list(names)
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f" Did you mean {near[0]}?"
    return f" There are: {', '.join(sorted(known)[:20])}." if known else " There are none."


__all__ = ["JobCatalog", "read_definition"]
