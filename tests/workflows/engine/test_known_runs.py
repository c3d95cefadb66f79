"""Known workflow runs are limited in number and size, and the newest are kept."""

from typing import Any

import pytest

from tests.workflows.engine.world import World, define
from tocsin.workflows.engine import known_runs
from tocsin.workflows.engine.known_runs import KnownRuns


def document(number: int, rev: int = 0) -> Any:
    """Return a workflow run of one step."""
    return World(define({"key": "a"})).document | {"_id": f"alice/w{number}", "rev": rev}


def test_a_run_can_be_taken_once() -> None:
    known = KnownRuns()
    known.put(document(1), 10)
    assert "alice/w1" in known
    assert known.take("alice/w1") == document(1)
    assert "alice/w1" not in known
    assert known.take("alice/w1") is None


def test_the_oldest_are_forgotten_beyond_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_runs, "_MAX_KNOWN", 2)
    known = KnownRuns()
    for number in (1, 2, 1, 3):  # the first is written again
        known.put(document(number), 10)
    assert ["alice/w1" in known, "alice/w2" in known, "alice/w3" in known] == [True, False, True]


def test_the_oldest_are_forgotten_beyond_a_size_that_counts_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_runs, "_MAX_KNOWN_SIZE", 1_000)
    known = KnownRuns()
    for _ in range(3):
        known.put(document(1), 200)  # counts once, with 300 for its step
    known.put(document(2), 200)
    assert ["alice/w1" in known, "alice/w2" in known] == [True, True]
    known.put(document(3), 100)
    assert ["alice/w1" in known, "alice/w2" in known, "alice/w3" in known] == [False, True, True]
    known.put(document(4), 1_000)
    assert ["alice/w3" in known, "alice/w4" in known] == [False, False]
