"""Signals to open connections when a session, token or account ends, so that they close immediately."""

import asyncio
import contextlib
from collections.abc import Iterator


class AccessSignals:
    """The open connections of this process by user, each with a signal to verify its token again."""

    def __init__(self) -> None:
        self._signals: dict[str, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def watch(self, user_id: str) -> Iterator[asyncio.Event]:
        """Register a connection and yield the signal that is set when this user's tokens may have become invalid."""
        signal = asyncio.Event()
        signals = self._signals.setdefault(user_id, set())
        signals.add(signal)
        try:
            yield signal
        finally:
            signals.discard(signal)
            if not signals:
                self._signals.pop(user_id, None)

    def signal_user(self, user_id: str) -> None:
        """Signal the connections of a user."""
        for signal in self._signals.get(user_id, ()):
            signal.set()

    def signal_all(self) -> None:
        """Signal all connections, because changes may have been missed."""
        for user_id in self._signals:
            self.signal_user(user_id)
