"""Who is connected: so that the end of a session, a token or an account reaches open connections at once."""

import asyncio
import contextlib
from collections.abc import Iterator


class Presence:
    """The open connections of this process by user. Each waits for its own signal to ask again what it may do."""

    def __init__(self) -> None:
        self._signals: dict[str, set[asyncio.Event]] = {}

    @contextlib.contextmanager
    def watch(self, user_id: str) -> Iterator[asyncio.Event]:
        """A signal that is set when something changes that this user's tokens depend on."""
        signal = asyncio.Event()
        signals = self._signals.setdefault(user_id, set())
        signals.add(signal)
        try:
            yield signal
        finally:
            signals.discard(signal)
            if not signals:
                self._signals.pop(user_id, None)

    def changed(self, user_id: str) -> None:
        """Tell the connections of this user."""
        for signal in self._signals.get(user_id, ()):
            signal.set()

    def all_changed(self) -> None:
        """Tell all: changes may have been missed."""
        for user_id in self._signals:
            self.changed(user_id)
