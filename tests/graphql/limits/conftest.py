"""A query that waits."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tocsin import schedules


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Event that `schedulePreview` waits for."""
    event = threading.Event()

    def preview(*_: Any) -> list[Any]:
        event.wait(10)
        return []

    monkeypatch.setattr(schedules, "preview_due_times", preview)
    yield event
    event.set()
