"""Limits of a computation, and the errors for exceeding them. Pure."""

from dataclasses import dataclass
from enum import Enum

from tocsin.errors import TocsinError

MEBIBYTE = 1024 * 1024
MAX_RESULT_BYTES = 24 * MEBIBYTE
"""Bytes: a file of the largest size, with room for what surrounds it."""
MAX_CALL_BYTES = 64 * MEBIBYTE
"""Bytes of a pickled function with its arguments: more than any stored document has."""


@dataclass(frozen=True, slots=True)
class ComputeLimits:
    """Limits of one call: `cpu_seconds` of processor time, and memory beyond that of an idle process.

    `result_bytes` is the size of the pickled return value.
    """

    memory_bytes: int = 512 * MEBIBYTE
    cpu_seconds: int = 30
    result_bytes: int = MAX_RESULT_BYTES


DEFAULT_LIMITS = ComputeLimits()


class ComputeLimit(Enum):
    """The kinds of limits."""

    MEMORY = "MEMORY"
    TIME = "TIME"
    SIZE = "SIZE"
    CRASH = "CRASH"


_SENTENCES = {
    ComputeLimit.MEMORY: "The work needed more than {memory} MB of memory.",
    ComputeLimit.TIME: "The work took more than {seconds} seconds of processor time.",
    ComputeLimit.SIZE: "The input or the result of the work is larger than the limit of {answer} MB.",
    ComputeLimit.CRASH: "The process that did the work crashed; it may have needed more than {memory} MB of memory.",
}
_HINTS = {
    ComputeLimit.MEMORY: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_MEMORY).",
    ComputeLimit.TIME: "Give it less to do. The operator sets the limit (TOCSIN_COMPUTE_SECONDS).",
    ComputeLimit.SIZE: "Give it less to do, or split it into several jobs.",
    ComputeLimit.CRASH: "Give it less to do, or something simpler.",
}


class ComputeLimitReached(TocsinError):
    """A computation exceeded a limit. A retry with the same input would exceed it again."""

    def __init__(self, limit: ComputeLimit, limits: ComputeLimits) -> None:
        sizes = {"memory": limits.memory_bytes // MEBIBYTE, "answer": limits.result_bytes // MEBIBYTE}
        super().__init__(_SENTENCES[limit].format(**sizes, seconds=limits.cpu_seconds))
        self.limit = limit
        self.hint = _HINTS[limit]


class ComputeProcessEnded(TocsinError):
    """The compute process was killed from outside, or none could be started. Another try may succeed."""
