"""The limits of one computation, and the errors when it meets them. Pure."""

from dataclasses import dataclass
from enum import Enum

from tocsin.errors import TocsinError

MEBIBYTE = 1024 * 1024
LARGEST_ANSWER = 24 * MEBIBYTE
"""Bytes: a file of the largest size, and what is around it."""
LARGEST_WORK = 64 * MEBIBYTE
"""Bytes of a function's arguments: more than any stored document makes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one call: `memory` and `answer` in bytes, `seconds` of processor time.

    `memory` is on top of what an idle process has. `answer` is for what the function returns, pickled.
    """

    memory: int = 512 * MEBIBYTE
    seconds: int = 30
    answer: int = LARGEST_ANSWER


DEFAULT = Limits()


class Limit(Enum):
    """The kinds of limits."""

    MEMORY = "MEMORY"
    TIME = "TIME"
    SIZE = "SIZE"
    CRASH = "CRASH"


_SENTENCES = {
    Limit.MEMORY: "The work needed more than {memory} MB of memory.",
    Limit.TIME: "The work took more than {seconds} seconds of processor time.",
    Limit.SIZE: "What the work takes or makes has more bytes than a computation may be given or return ({answer} MB).",
    Limit.CRASH: "The process that did the work crashed on it; it may have needed more than {memory} MB of memory.",
}
_HINTS = {
    Limit.MEMORY: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_MEMORY).",
    Limit.TIME: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_SECONDS).",
    Limit.SIZE: "Give it less to do, or divide it into several jobs.",
    Limit.CRASH: "Give it less to do, or something simpler.",
}


class LimitReached(TocsinError):
    """A computation met a limit, and would meet it again: trying again as it is makes no sense."""

    def __init__(self, limit: Limit, limits: Limits) -> None:
        sizes = {"memory": limits.memory // MEBIBYTE, "answer": limits.answer // MEBIBYTE}
        super().__init__(_SENTENCES[limit].format(**sizes, seconds=limits.seconds))
        self.limit = limit
        self.hint = _HINTS[limit]


class ProcessEnded(TocsinError):
    """The process that computed was killed from outside, or there was none to be had: another try may go better."""
