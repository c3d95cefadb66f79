"""The source of a workflow and its faults: what every reader of workflows has in common. Pure."""

from dataclasses import dataclass, field, replace
from typing import Any

from tocsin.errors import TocsinError
from tocsin.value_bounds import ValuePath

TextPosition = tuple[int, int]
MAX_MESSAGE_LENGTH = 500
MAX_NAME_LENGTH = 100
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
        return shorten_fault(Fault(message, path, line, column))


def format_path(path: ValuePath) -> str:
    """Format a path, such as `steps[2].params.url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shorten_fault(fault: Fault) -> Fault:
    """Return the fault with a message and names of bounded length."""
    path = tuple(shorten(part, MAX_NAME_LENGTH) if isinstance(part, str) else part for part in fault.path)
    return replace(fault, message=shorten(fault.message, MAX_MESSAGE_LENGTH), path=path)


def shorten(text: str, max_length: int) -> str:
    """Return the text, cut to this length with an ellipsis."""
    return text if len(text) <= max_length else f"{text[:max_length]}…"
