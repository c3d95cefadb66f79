"""The YAML reader: a JSON value, with the position of each part in the text. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from yaml.reader import ReaderError

from tocsin.errors import TocsinError
from tocsin.value_bounds import (
    LONE_SURROGATE,
    MAX_CHARACTERS,
    MAX_PARTS,
    MAX_VALUE_DEPTH,
    ValuePath,
    find_lone_surrogate,
    find_scalar_fault,
    find_value_faults,
)
from tocsin.workflows.language.yaml_loader import CoreLoader, format_tag, parse_scalar

TextPosition = tuple[int, int]
_LONGEST_MESSAGE = 500
_LONGEST_NAME = 100
"""Maximum length of a name in the path of a fault."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a workflow: a sentence, the path of its part, and the line and column (from 1) if known."""

    message: str
    path: ValuePath = ()
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        where = format_path(self.path)
        place = f"line {self.line}, column {self.column}" if self.line is not None else ""
        before = ", ".join(part for part in (place, where) if part)
        return f"{before}: {self.message}" if before else self.message


class WorkflowInvalid(TocsinError):
    """A workflow is invalid. `faults` has all that were found."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class WorkflowSource:
    """The source of a workflow: a JSON value, and the positions of its parts if it was a text.

    `faults` are those of the syntax: parts that are not JSON, which are null in `data`.
    """

    data: Any
    positions: dict[ValuePath, TextPosition] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def locate_fault(self, path: ValuePath, message: str) -> Fault:
        """Make a fault of the part at this path, with the position of the nearest enclosing part that has one."""
        known = path
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (None, None))
        return _bounded(Fault(message, path, line, column))


def format_path(path: ValuePath) -> str:
    """Format a path, such as `steps[2].params.url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse_yaml(text: str) -> WorkflowSource:
    """Parse a YAML text. Raises WorkflowInvalid if it cannot be parsed as a whole."""
    if (half := find_lone_surrogate(text)) is not None:
        raise WorkflowInvalid([_fault_at(text, half, LONE_SURROGATE.format(ord(text[half])))])
    if len(text.encode()) > MAX_CHARACTERS:
        raise WorkflowInvalid(
            [Fault(f"The text has {len(text.encode())} bytes; at most {MAX_CHARACTERS} are allowed.")]
        )
    try:
        node = yaml.compose(text, Loader=CoreLoader)
        if node is None:
            raise WorkflowInvalid([Fault("The text is empty. A workflow needs a name and steps.")])
        reader = _Reader()
        data = reader.value(node, (), 0)
    except yaml.YAMLError as error:
        raise WorkflowInvalid([_syntax(text, error)]) from None
    except RecursionError:
        raise WorkflowInvalid([Fault(f"The text is nested more than {MAX_VALUE_DEPTH} levels deep.")]) from None
    return WorkflowSource(data, reader.places, reader.faults)


def parse_object(value: Any) -> WorkflowSource:
    """Return the source of a workflow given as a JSON value. Raises WorkflowInvalid beyond the limits of a text."""
    source = WorkflowSource(value)
    if faults := [source.locate_fault(path, message) for path, message in find_value_faults(value)]:
        raise WorkflowInvalid(faults)
    return source


def _bounded(fault: Fault) -> Fault:
    path = tuple(_shortened(part, _LONGEST_NAME) if isinstance(part, str) else part for part in fault.path)
    return replace(fault, message=_shortened(fault.message, _LONGEST_MESSAGE), path=path)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _fault_at(text: str, position: int, message: str) -> Fault:
    before = text[:position]
    return Fault(message, (), before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


class _Reader:
    """Converts YAML nodes to a JSON value."""

    def __init__(self) -> None:
        self.places: dict[ValuePath, TextPosition] = {}
        self.faults: list[Fault] = []
        self._parts = self._characters = 0

    def value(self, node: yaml.Node, path: ValuePath, depth: int) -> Any:
        """Return the value of a node, and record its position."""
        self._parts += 1
        self._characters += len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.places[path] = (line, column)
        if (excess := self._excess(depth)) is not None:
            raise WorkflowInvalid([Fault(f"The text has {excess}, counting each alias.", (), line, column)])
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN:
            self._note(f"{format_tag(node)} is not a JSON type.", path, (line, column))
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(part, (*path, index), depth + 1) for index, part in enumerate(node.value)]
        return self._scalar(node, path)

    def _excess(self, depth: int) -> str | None:
        if depth > MAX_VALUE_DEPTH:
            return f"more than {MAX_VALUE_DEPTH} levels"
        if self._parts > MAX_PARTS:
            return f"more than {MAX_PARTS} parts"
        return f"more than {MAX_CHARACTERS} characters" if self._characters > MAX_CHARACTERS else None

    def _pairs(self, node: yaml.MappingNode, path: ValuePath, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, part in node.value:
            place = (key.start_mark.line + 1, key.start_mark.column + 1)
            if (wrong := _wrong_name(key)) is not None:
                self._note(wrong, path, place)
                continue
            name = str(key.value)
            self._characters += len(name)
            if name in seen:
                self._note(f"{_shortened(name, _LONGEST_NAME)} is given twice.", (*path, name), place)
            seen.add(name)
            value = self.value(part, (*path, name), depth + 1)
            self.places[*path, name] = place
            yield name, value

    def _scalar(self, node: yaml.Node, path: ValuePath) -> Any:
        try:
            return parse_scalar(node)
        except ValueError as error:
            self._note(str(error), path, self.places[path])
            return None

    def _note(self, message: str, path: ValuePath, place: TextPosition) -> None:
        self.faults.append(_bounded(Fault(message, path, *place)))


_PLAIN = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def _wrong_name(key: yaml.Node) -> str | None:
    if isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None:
        return "<< (merge keys) is not supported; write the keys out."
    if isinstance(key, yaml.ScalarNode) and (wrong := find_scalar_fault(key.value)) is not None:
        return wrong
    if isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:str":
        return None
    value = f': write "{key.value[:40]}"' if isinstance(key, yaml.ScalarNode) and key.value else ""
    return f"A name must be a string{value}."


def _syntax(text: str, error: yaml.YAMLError) -> Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error).partition("\n")[0]
    if "expected a single document" in str(error):
        problem = "there is more than one document; give one"
    if "'\\t'" in str(problem):
        problem = "a tab is used where YAML requires spaces"
    if isinstance(error, ReaderError):
        character = ord(text[error.position])
        return _fault_at(
            text, error.position, f"This is not valid YAML: the character U+{character:04X} must be escaped."
        )
    message = f"This is not valid YAML: {_shortened(str(problem), _LONGEST_MESSAGE)}."
    return Fault(message) if mark is None else Fault(message, (), mark.line + 1, mark.column + 1)
