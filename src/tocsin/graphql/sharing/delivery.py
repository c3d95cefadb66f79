"""What a transport offers to a subscription that it starts, so that the subscription can share its events."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

from graphql.execution import Executor

_MAX_FORMS = 8


class Payloads:
    """Results of successive events as JSON. What a transport makes of them is made once for all that want the same.

    `cursors` are those of the events, for transports that send them apart from the results.
    """

    __slots__ = ("_forms", "cursors", "results")

    def __init__(self, results: Sequence[bytes], cursors: Sequence[str] = ()) -> None:
        self.results, self.cursors = results, cursors
        self._forms: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self.results)

    def first(self, count: int) -> "Payloads":
        """Return the first of them."""
        return Payloads(self.results[:count], self.cursors[:count])

    def in_form(self, form: bytes, encode: Callable[[bytes, "Payloads"], bytes]) -> bytes:
        """Return `encode(form, self)`, which must depend on nothing else."""
        found = self._forms.get(form)
        if found is None:
            found = encode(form, self)
            if len(self._forms) < _MAX_FORMS:
                self._forms[form] = found
        return found


class Outlet(Protocol):
    """The end of one subscription at the transport, which sends shared results to its client."""

    @property
    def is_writable(self) -> bool:
        """Whether the client has read nearly everything that was sent before."""

    def write(self, payloads: Payloads) -> None:
        """Send results without waiting. What is sent to a closed connection is lost."""

    def call_when_writable(self, callback: Callable[[], None]) -> None:
        """Call the callback once, when the outlet has become writable or its connection was lost."""


@dataclass(slots=True)
class Delivery:
    """The request of an operation, the outlet for its results, and its executor as soon as it has one."""

    query: str
    operation_name: str | None
    variables: Mapping[str, Any] | None
    outlet: Outlet
    executor: Executor[Any] | None = None


DELIVERY: ContextVar[Delivery | None] = ContextVar("delivery", default=None)
"""The delivery of the operation that the current task executes; None if its transport cannot share results."""
