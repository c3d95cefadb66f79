"""A lane gives its runs by rank, each once and as it is now."""

from typing import Any

import pytest

from tocsin.dispatch.lane import Lane


def run(number: int, rank: int | None = None) -> Any:
    return {"_id": f"r{number}", "owner": "alice", "rank": number if rank is None else rank}


def test_a_lane_gives_its_runs_by_rank() -> None:
    lane = Lane("lane", "alice")
    for each in (run(1, rank=30), run(2, rank=10), run(3, rank=20)):
        lane.push(each)
    taken = []
    while lane.peek() is not None:
        taken.append(lane.pop()["_id"])
    assert taken == ["r2", "r3", "r1"]


def test_a_discarded_run_does_not_come() -> None:
    lane = Lane("lane", "alice")
    lane.push(run(1))
    lane.push(run(2))
    lane.discard("r1")
    lane.discard("unknown")
    assert lane.peek() == run(2)
    lane.discard("r2")
    assert lane.peek() is None


def test_a_run_that_is_read_again_unchanged_comes_once() -> None:
    lane = Lane("lane", "alice")
    lane.push(run(1))
    lane.push(run(1))
    lane.pop()
    assert lane.peek() is None


def test_an_empty_lane_has_no_first_run() -> None:
    with pytest.raises(LookupError):
        Lane("lane", "alice").first()


def test_a_run_that_was_claimed_and_returned_meanwhile_comes_once_in_its_latest_state() -> None:
    lane = Lane("default", "alice")
    for fence in (0, 1, 2):
        lane.push(run(1) | {"fence": fence})
    assert lane.peek() == run(1) | {"fence": 2}
    assert lane.pop()["fence"] == 2
    assert lane.peek() is None
