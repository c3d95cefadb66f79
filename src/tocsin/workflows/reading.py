"""YAML as a JSON value, and where in the text each part of it stands. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from tocsin.errors import TocsinError

LARGEST = 256 * 1024
_MOST_NODES = 50_000
_DEEPEST = 50
Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a workflow: a sentence, the path of the faulty part, its line and column (from 1) if known."""

    message: str
    path: Path = ()
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = path_text(self.path)
        place = f"line {self.line}, column {self.column}" if self.line is not None else ""
        before = ", ".join(part for part in (place, where) if part)
        return f"{before}: {self.message}" if before else self.message


class WorkflowInvalid(TocsinError):
    """A workflow cannot be saved, for these reasons: all that were found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Source:
    """A workflow as it was written: a JSON value, and the places of its parts if it was a text."""

    data: Any
    places: dict[Path, Place] = field(default_factory=dict)

    def fault(self, path: Path, message: str) -> Fault:
        """A fault of the part at this path, with the place of the nearest part that has one."""
        known = path
        while known and known not in self.places:
            known = known[:-1]
        line, column = self.places.get(known, (None, None))
        return Fault(message, path, line, column)


def path_text(path: Path) -> str:
    """`steps[2].params.url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(text: str) -> Source:
    """The value of a YAML text. Raises WorkflowInvalid."""
    if len(text.encode()) > LARGEST:
        raise WorkflowInvalid([Fault(f"The text has {len(text.encode())} bytes; {LARGEST} are allowed.")])
    try:
        node = yaml.compose(text, Loader=_Loader)
        if node is None:
            raise WorkflowInvalid([Fault("The text is empty. A workflow has a name and steps.")])
        reader = _Reader()
        data = reader.value(node, (), 0)
    except yaml.YAMLError as error:
        raise WorkflowInvalid([_syntax(error)]) from None
    except RecursionError:
        raise WorkflowInvalid([Fault(f"The text is nested more than {_DEEPEST} levels deep.")]) from None
    if reader.faults:
        raise WorkflowInvalid(reader.faults)
    return Source(data, reader.places)


class _Loader(yaml.SafeLoader):
    """The safe loader, without times: `2027-01-01` stays the text that it is, as it would in JSON."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Reader:
    """From YAML's nodes to a JSON value."""

    def __init__(self) -> None:
        self.places: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self._seen = 0

    def value(self, node: yaml.Node, path: Path, depth: int) -> Any:
        """The value of a node; its place is noted."""
        self._seen += 1
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.places[path] = (line, column)
        if self._seen > _MOST_NODES or depth > _DEEPEST:
            what = f"more than {_DEEPEST} levels" if depth > _DEEPEST else f"more than {_MOST_NODES} parts"
            raise WorkflowInvalid([Fault(f"The text has {what}, aliases counted each time.", (), line, column)])
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            self.faults.append(Fault(f"{_tag(node)} is no type that JSON has.", path, line, column))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(part, (*path, index), depth + 1) for index, part in enumerate(node.value)]
        return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: Path, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, part in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self.faults.append(Fault("A name must be a text.", path, *place))
                continue
            name = str(key.value)
            if name in seen:
                self.faults.append(Fault(f"{name} is here twice.", (*path, name), *place))
            seen.add(name)
            value = self.value(part, (*path, name), depth + 1)
            self.places[*path, name] = place
            yield name, value

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        line, column = self.places[path]
        try:
            value = _constructor.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self.faults.append(
                Fault(f"{node.value!r} is no value of JSON's: {_tag(node)} is not known.", path, line, column)
            )
            return None
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            self.faults.append(Fault(f"{node.value} is no number that JSON has.", path, line, column))
            return None
        if not isinstance(value, str | int | float | bool | None):
            self.faults.append(Fault(f"{_tag(node)} is no type that JSON has.", path, line, column))
            return None
        return value


_PLAIN = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def _tag(node: yaml.Node) -> str:
    return str(node.tag).replace("tag:yaml.org,2002:", "!!")


_constructor = yaml.SafeLoader("")


def _syntax(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition("\n")[0]
    if "expected a single document" in str(error):
        problem = "there is more than one document; give one"
    if "'\\t'" in str(problem):
        problem = "a tab stands where YAML wants spaces"
    message = f"This is no YAML: {problem}."
    return Fault(message) if mark is None else Fault(message, (), mark.line + 1, mark.column + 1)
