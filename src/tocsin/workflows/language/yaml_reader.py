"""The YAML reader: a JSON value, with the position of each part in the text. Pure."""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.reader import ReaderError

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
from tocsin.workflows.language.source import (
    MAX_MESSAGE_LENGTH,
    MAX_NAME_LENGTH,
    Fault,
    TextPosition,
    WorkflowInvalid,
    WorkflowSource,
    shorten,
    shorten_fault,
)
from tocsin.workflows.language.yaml_loader import CoreLoader, NestedTooDeeply, format_tag, parse_scalar

_TOO_DEEP = f"The text is nested more than {MAX_VALUE_DEPTH} levels deep."


def parse_yaml(text: str) -> WorkflowSource:
    """Parse a YAML text. Raises WorkflowInvalid if it cannot be parsed as a whole."""
    if (index := find_lone_surrogate(text)) is not None:
        raise WorkflowInvalid([_fault_at(text, index, LONE_SURROGATE.format(ord(text[index])))])
    if len(text.encode()) > MAX_CHARACTERS:
        raise WorkflowInvalid(
            [Fault(f"The text has {len(text.encode())} bytes; at most {MAX_CHARACTERS} are allowed.")]
        )
    try:
        node = yaml.compose(text, Loader=CoreLoader)
        if node is None:
            raise WorkflowInvalid([Fault("The text is empty. A workflow needs a name and steps.")])
        reader = _Reader()
        data = reader.read(node, (), 0)
    except yaml.YAMLError as error:
        raise WorkflowInvalid([_describe_syntax_error(text, error)]) from None
    except RecursionError:
        raise WorkflowInvalid([Fault(_TOO_DEEP)]) from None
    return WorkflowSource(data, reader.positions, reader.faults)


def parse_object(value: Any) -> WorkflowSource:
    """Return the source of a workflow given as a JSON value. Raises WorkflowInvalid beyond the limits of a text."""
    source = WorkflowSource(value)
    if faults := [source.locate_fault(path, message) for path, message in find_value_faults(value)]:
        raise WorkflowInvalid(faults)
    return source


def _fault_at(text: str, position: int, message: str) -> Fault:
    before = text[:position]
    return Fault(message, (), before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1)


class _Reader:
    """Converts YAML nodes to a JSON value."""

    def __init__(self) -> None:
        self.positions: dict[ValuePath, TextPosition] = {}
        self.faults: list[Fault] = []
        self._parts = self._characters = 0

    def read(self, node: yaml.Node, path: ValuePath, depth: int) -> Any:
        """Return the value of a node, and record its position."""
        self._parts += 1
        self._characters += len(node.value) if isinstance(node, yaml.ScalarNode) else 0
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.positions[path] = (line, column)
        if (excess := self._find_excess(depth)) is not None:
            raise WorkflowInvalid([Fault(f"The text has {excess}, counting each alias.", (), line, column)])
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _JSON_TAGS:
            self._note(f"{format_tag(node)} is not a JSON type.", path, (line, column))
        if isinstance(node, yaml.MappingNode):
            return dict(self._read_pairs(node, path, depth))
        if isinstance(node, yaml.SequenceNode):
            return [self.read(part, (*path, index), depth + 1) for index, part in enumerate(node.value)]
        return self._read_scalar(node, path)

    def _find_excess(self, depth: int) -> str | None:
        if depth > MAX_VALUE_DEPTH:
            return f"more than {MAX_VALUE_DEPTH} levels"
        if self._parts > MAX_PARTS:
            return f"more than {MAX_PARTS} parts"
        return f"more than {MAX_CHARACTERS} characters" if self._characters > MAX_CHARACTERS else None

    def _read_pairs(self, node: yaml.MappingNode, path: ValuePath, depth: int) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key, part in node.value:
            position = (key.start_mark.line + 1, key.start_mark.column + 1)
            if (fault := _find_name_fault(key)) is not None:
                self._note(fault, path, position)
                continue
            name = str(key.value)
            self._characters += len(name)
            if name in seen:
                self._note(f"{shorten(name, MAX_NAME_LENGTH)} is given twice.", (*path, name), position)
            seen.add(name)
            value = self.read(part, (*path, name), depth + 1)
            self.positions[*path, name] = position
            yield name, value

    def _read_scalar(self, node: yaml.Node, path: ValuePath) -> Any:
        try:
            return parse_scalar(node)
        except ValueError as error:
            self._note(str(error), path, self.positions[path])
            return None

    def _note(self, message: str, path: ValuePath, position: TextPosition) -> None:
        self.faults.append(shorten_fault(Fault(message, path, *position)))


_JSON_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def _find_name_fault(key: yaml.Node) -> str | None:
    if isinstance(key, yaml.ScalarNode) and key.value == "<<" and key.style is None:
        return "<< (merge keys) is not supported; write the keys out."
    if isinstance(key, yaml.ScalarNode) and (fault := find_scalar_fault(key.value)) is not None:
        return fault
    if isinstance(key, yaml.ScalarNode) and key.tag == "tag:yaml.org,2002:str":
        return None
    value = f': write "{key.value[:40]}"' if isinstance(key, yaml.ScalarNode) and key.value else ""
    return f"A name must be a string{value}."


def _describe_syntax_error(text: str, error: yaml.YAMLError) -> Fault:
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
    wrong = f"This is not valid YAML: {shorten(str(problem), MAX_MESSAGE_LENGTH)}."
    message = _TOO_DEEP if isinstance(error, NestedTooDeeply) else wrong
    return Fault(message) if mark is None else Fault(message, (), mark.line + 1, mark.column + 1)
