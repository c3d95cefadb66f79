"""YAML as a JSON value, and where in the text each part of it stands. Pure."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tocsin.errors import TocsinError
from tocsin.workflows.yaml_core import Loader, scalar, tag_of

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
    _refuse_what_is_no_text(text)
    if len(text.encode()) > LARGEST:
        raise WorkflowInvalid([Fault(f"The text has {len(text.encode())} bytes; {LARGEST} are allowed.")])
    try:
        node = yaml.compose(text, Loader=Loader)
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


def read_object(value: Any) -> Source:
    """The same for a workflow that was given as a value: within the same bounds. Raises WorkflowInvalid."""
    parts, letters, ahead = 0, 0, [(value, 0)]
    while ahead:
        part, depth = ahead.pop()
        parts += 1
        if depth > _DEEPEST or parts > _MOST_NODES or letters > LARGEST:
            bounds = f"{_DEEPEST} levels, {_MOST_NODES} parts, {LARGEST} characters"
            raise WorkflowInvalid([Fault(f"The workflow is too large: {bounds} are allowed.")])
        if isinstance(part, str):
            _refuse_what_is_no_text(part)
            letters += len(part)
        elif isinstance(part, float) and not math.isfinite(part):
            raise WorkflowInvalid([Fault(f"{part} is no number that JSON has.")])
        elif isinstance(part, Mapping):
            ahead += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            ahead += [(inner, depth + 1) for inner in part]
    return Source(value)


def _refuse_what_is_no_text(text: str) -> None:
    wrong = next((letter for letter in text if "\ud800" <= letter <= "\udfff"), None)
    if wrong is not None:
        raise WorkflowInvalid([Fault(f"The character U+{ord(wrong):X} is half of one and stands in no text.")])


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
            self.faults.append(Fault(f"{tag_of(node)} is no type that JSON has.", path, line, column))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(part, (*path, index), depth + 1) for index, part in enumerate(node.value)]
        return self._scalar(node, path)

    def _pairs(self, node: yaml.MappingNode, path: Path, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, part in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if (wrong := _wrong_name(key)) is not None:
                self.faults.append(Fault(wrong, path, *place))
                continue
            name = str(key.value)
            if name in seen:
                self.faults.append(Fault(f"{name} is here twice.", (*path, name), *place))
            seen.add(name)
            value = self.value(part, (*path, name), depth + 1)
            self.places[*path, name] = place
            yield name, value

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        try:
            return scalar(node)
        except ValueError as error:
            self.faults.append(Fault(str(error), path, *self.places[path]))
            return None


_PLAIN = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def _wrong_name(key: yaml.Node) -> str | None:
    if isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None:
        return "<< (merging) is not known here; write out what it stands for."
    if key.tag == "tag:yaml.org,2002:str":
        return None
    value = f': write "{key.value}"' if isinstance(key, yaml.ScalarNode) and key.value else ""
    return f"A name must be a text{value}."


def _syntax(error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition("\n")[0]
    if "expected a single document" in str(error):
        problem = "there is more than one document; give one"
    if "'\\t'" in str(problem):
        problem = "a tab stands where YAML wants spaces"
    message = f"This is no YAML: {problem}."
    return Fault(message) if mark is None else Fault(message, (), mark.line + 1, mark.column + 1)
