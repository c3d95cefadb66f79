"""The outline of a workflow that may have faults: what its names and expressions are validated against. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic.alias_generators import to_snake

from tocsin.value_bounds import ValuePath
from tocsin.workflows.language import graph

_KINDS = ("job", "wait", "approval")
_PARTS = {"forEach": ("items",), "wait": ("duration", "until"), "approval": ("by", "message")}
"""Parts of a step that may be objects, and their members that may have expressions."""
_OF_JOBS = ("params", "forEach", "retry", "compensation")


@dataclass(frozen=True, slots=True)
class StepOutline:
    """A step. `key` is made up where it has none, as `has_key` tells.

    `dependencies` are resolved, but may be incomplete unless `has_known_dependencies`.
    """

    path: ValuePath
    key: str
    has_key: bool
    dependencies: tuple[str, ...]
    has_known_dependencies: bool
    data: Mapping[str, Any]

    @property
    def is_for_each(self) -> bool:
        """True if the step has forEach."""
        return get_field(self.data, "forEach") is not None

    @property
    def has_no_kind(self) -> bool:
        """True if it has none of job, wait and approval."""
        return all(self.data.get(kind) is None for kind in _KINDS)

    def iter_dependencies(self) -> Iterator[tuple[int, str]]:
        """Yield the entries of `dependsOn` that are strings, with their indexes."""
        given = get_field(self.data, "dependsOn")
        keys = given if isinstance(given, list) else []
        yield from ((place, key) for place, key in enumerate(keys) if isinstance(key, str))

    def iter_jobs(self) -> Iterator[tuple[ValuePath, str, Mapping[str, Any]]]:
        """Yield the path, kind and parameters of each job."""
        for path, part in (
            (self.path, self.data),
            ((*self.path, "compensation"), get_field(self.data, "compensation")),
        ):
            if isinstance(part, Mapping) and isinstance(kind := part.get("job"), str):
                params = part.get("params", {})
                if isinstance(params, Mapping):
                    yield path, kind, params

    def iter_retries(self) -> Iterator[tuple[ValuePath, Mapping[str, Any]]]:
        """Yield the path and value of each retry policy."""
        for path, part in (
            (self.path, self.data),
            ((*self.path, "compensation"), get_field(self.data, "compensation")),
        ):
            if isinstance(part, Mapping) and isinstance(retry := part.get("retry"), Mapping):
                yield (*path, "retry"), retry

    def expression_values(self) -> dict[ValuePath, Any]:
        """Return the values that may have expressions, by path in the step."""
        found: dict[ValuePath, Any] = {(name,): get_field(self.data, name) for name in ("params", "when")}
        for name, parts in _PARTS.items():
            if isinstance(given := get_field(self.data, name), Mapping):
                found |= {(name, part): given.get(part) for part in parts}
            else:
                found[(name,)] = given
        if isinstance(compensation := get_field(self.data, "compensation"), Mapping):
            found["compensation", "params"] = compensation.get("params")
        return {path: value for path, value in found.items() if value is not None}

    def find_shape_fault(self) -> str | None:
        """Return why this is not a valid step of one kind, or None."""
        return find_shape_fault({name for name in (*_KINDS, *_OF_JOBS) if get_field(self.data, name) is not None})


@dataclass(frozen=True, slots=True)
class Outline:
    """The parts of a workflow that other parts may reference."""

    steps: tuple[StepOutline, ...]
    inputs: Mapping[str, Any]
    output: Any
    schedule: Any

    @property
    def keys(self) -> list[str]:
        """The keys of the steps that have one."""
        return [step.key for step in self.steps if step.has_key]

    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Return the dependencies of each step."""
        return {step.key: step.dependencies for step in self.steps}

    def find_steps_before(self, step: StepOutline) -> Collection[str]:
        """Return the steps that are settled when this one starts; all of them where that is unknown."""
        dependencies = self.dependencies()
        found = graph.find_ancestors(dependencies, step.key)
        unsure = {one.key for one in self.steps if not one.has_known_dependencies}
        return set(dependencies) if unsure & {step.key, *found} else found


def build_outline(data: Any) -> Outline:
    """Build the outline of any JSON value."""
    whole = data if isinstance(data, Mapping) else {}
    steps, inputs = whole.get("steps"), whole.get("inputs")
    return Outline(
        tuple(_steps(steps if isinstance(steps, list) else [])),
        inputs if isinstance(inputs, Mapping) else {},
        whole.get("output"),
        whole.get("schedule"),
    )


def find_shape_fault(given: Collection[str]) -> str | None:
    """Return why a step with these keys is not a valid step of one kind, or None."""
    kinds = [name for name in _KINDS if name in given]
    if len(kinds) != 1:
        has = " and ".join(kinds) if kinds else "none of them"
        return f"A step has exactly one of job, wait and approval; this one has {has}."
    wrong = [name for name in _OF_JOBS if name in given]
    if kinds == ["job"] or not wrong:
        return None
    verb = "needs" if len(wrong) == 1 else "need"
    return f"{' and '.join(wrong)} {verb} a step with a job; this one has {kinds[0]}."


def get_field(data: Mapping[str, Any], name: str) -> Any:
    """Return the member of this camelCase name, which may also be given in snake_case."""
    return data[name] if name in data else data.get(to_snake(name))


def _steps(given: list[Any]) -> Iterator[StepOutline]:
    before: tuple[str, ...] = ()
    is_sure = True
    for index, data in enumerate(given):
        if not isinstance(data, Mapping):
            before, is_sure = (), False
            continue
        step = _step(index, data, before, follows_sure=is_sure)
        yield step
        before, is_sure = (step.key,), step.has_key


def _step(index: int, data: Mapping[str, Any], before: tuple[str, ...], *, follows_sure: bool) -> StepOutline:
    key, waits = data.get("key"), get_field(data, "dependsOn")
    keys = tuple(key for key in waits if isinstance(key, str)) if isinstance(waits, list) else ()
    is_sure = follows_sure if waits is None else isinstance(waits, list) and len(keys) == len(waits)
    name = key if isinstance(key, str) else f"steps[{index}]"
    return StepOutline(("steps", index), name, isinstance(key, str), before if waits is None else keys, is_sure, data)
