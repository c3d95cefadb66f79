"""The signals by which the parts of a process tell each other that there is work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Generic, ParamSpec

P = ParamSpec("P")


class Signal(Generic[P]):
    """Calls its listeners in the order in which they connected. Without listeners it does nothing."""

    def __init__(self) -> None:
        self._listeners: list[Callable[P, object]] = []

    def connect(self, listener: Callable[P, object]) -> None:
        """Call this listener at each signal from now on."""
        self._listeners.append(listener)

    @contextmanager
    def connected(self, listener: Callable[P, object]) -> Iterator[None]:
        """Call this listener at each signal while the block runs."""
        self.connect(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        for listener in self._listeners:
            listener(*args, **kwargs)


class Wakeups:
    """Signals that something may be due or possible now. Each is a hint: without it, a poll finds the same later.

    Send them on the event loop. A due time of None is ignored.
    """

    def __init__(self) -> None:
        self.task_due: Signal[[datetime | None]] = Signal()
        self.callback_expected: Signal[[datetime | None]] = Signal()
        self.runs_queued: Signal[[]] = Signal()
        self.cancel_requested: Signal[[str]] = Signal()
        self.workflow_due: Signal[[datetime | None]] = Signal()
        self.workflow_run_created: Signal[[str]] = Signal()
        self.workflow_run_changed: Signal[[str]] = Signal()
        self.step_run_ended: Signal[[str]] = Signal()
        self.queues_changed: Signal[[]] = Signal()
        self.replay_started: Signal[[]] = Signal()
