"""Limits of a computation, and the errors for exceeding them. Pure."""

from dataclasses import dataclass
from enum import Enum

from tocsin.errors import TocsinError

MEBIBYTE = 1024 * 1024
LARGEST_ANSWER = 24 * MEBIBYTE
"""Bytes: a file of the largest size, with room for what surrounds it."""
LARGEST_WORK = 64 * MEBIBYTE
"""Bytes of a pickled function with its arguments: more than any stored document has."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one call: `memory` and `answer` in bytes, `seconds` of processor time.

    `memory` is in addition to that of an idle process. `answer` is the size of the pickled return value.
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
    Limit.SIZE: "The input or the result of the work is larger than the limit of {answer} MB.",
    Limit.CRASH: "The process that did the work crashed; it may have needed more than {memory} MB of memory.",
}
_HINTS = {
    Limit.MEMORY: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_MEMORY).",
    Limit.TIME: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_SECONDS).",
    Limit.SIZE: "Give it less to do, or split it into several jobs.",
    Limit.CRASH: "Give it less to do, or something simpler.",
}


class LimitReached(TocsinError):
    """A computation exceeded a limit. A retry with the same input would exceed it again."""

    def __init__(self, limit: Limit, limits: Limits) -> None:
        sizes = {"memory": limits.memory // MEBIBYTE, "answer": limits.answer // MEBIBYTE}
        super().__init__(_SENTENCES[limit].format(**sizes, seconds=limits.seconds))
        self.limit = limit
        self.hint = _HINTS[limit]


class ProcessEnded(TocsinError):
    """The compute process was killed from outside, or none could be started. Another try may succeed."""
