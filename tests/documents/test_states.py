"""The state machine against the real database, and the projection of a task's status against a plain oracle."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pymongo import UpdateOne

from tocsin import clock
from tocsin.documents import (
    INITIAL_STATUSES,
    MOVES,
    OPEN_STATUSES,
    SETTLED_STATUSES,
    Database,
    Hold,
    RunStatus,
    TaskStatus,
)
from tocsin.documents.states import TASK_STATUS_OF_OPEN_RUN
from tocsin.documents.updates import change_task, has_value, is_active_run, move_run, put_active_runs

DRAWN = [(source, target) for source, targets in MOVES.items() for target in targets]
TABLE = Path(__file__).parents[2] / "docs" / "state_machine.md"


def bare(status: RunStatus, name: str) -> Any:
    return {"_id": name, "status": status.value, "open": status in OPEN_STATUSES, "fence": 3, "job": {"kind": "http"}}


async def test_every_drawn_move_is_made_from_its_source_and_from_no_other_state(database: Database) -> None:
    runs, updates, expected = [], [], {}
    changes: Any = {"reason": "$moved"}
    for (source, target), status in product(DRAWN, RunStatus):
        name = f"{source.name} {target.name} {status.name}"
        runs.append(bare(status, name))
        updates.append(move_run(name, [source], target, changes))
        expected[name] = (
            (target.value, target in OPEN_STATUSES, "$moved")
            if status is source
            else (status.value, status in OPEN_STATUSES, None)
        )
    await database.runs.insert_many(runs)
    await database.runs.bulk_write(updates, ordered=False)
    found = {run["_id"]: (run["status"], run["open"], run.get("reason")) async for run in database.runs.find({})}
    assert found == expected


@pytest.mark.parametrize("source", RunStatus)
def test_a_move_that_is_not_drawn_is_refused(source: RunStatus) -> None:
    for target in set(RunStatus) - MOVES[source]:
        with pytest.raises(ValueError, match=f"no run moves from {source.name} to {target.name}"):
            move_run("a", [source], target, {})
        with pytest.raises(ValueError, match=source.name):
            move_run("a", [*(other for other in RunStatus if target in MOVES[other]), source], target, {})


async def test_a_move_tests_its_condition_too(database: Database) -> None:
    await database.runs.insert_many([bare(RunStatus.RUNNING, "a"), bare(RunStatus.RUNNING, "b")])
    moves = [
        move_run("a", [RunStatus.RUNNING], RunStatus.COMPLETED, {}, where=has_value("fence", 3)),
        move_run("b", [RunStatus.RUNNING], RunStatus.COMPLETED, {}, where=has_value("fence", 2)),
    ]
    assert (await database.runs.bulk_write(moves)).modified_count == 1
    assert [run["status"] for run in await database.runs.find({}).sort("_id", 1).to_list()] == ["COMPLETED", "RUNNING"]


def test_settled_runs_only_move_back_to_the_queue() -> None:
    assert {target for source in SETTLED_STATUSES for target in MOVES[source]} == {RunStatus.QUEUED}
    assert MOVES[RunStatus.COMPLETED] == frozenset()


def documented_moves() -> set[tuple[str | None, str]]:
    """Return the rows `| from | to | ...` of docs/state_machine.md. New runs come from None."""
    moves: set[tuple[str | None, str]] = set()
    rows = TABLE.read_text().partition("| from | to |")[2].partition("\n\n")[0].splitlines()[2:]
    for row in rows:
        sources, targets = (re.findall(r"`([A-Z]+)`", cell) for cell in row.split("|")[1:3])
        moves |= set(product(sources or [None], targets))
    return moves


def test_the_documented_table_is_the_one_in_the_code() -> None:
    births = {(None, status.name) for status in INITIAL_STATUSES}
    assert documented_moves() == births | {(source.name, target.name) for source, target in DRAWN}


# --- the projection -------------------------------------------------------------------------------------------------

OWN = ["PENDING", "RETRY", "RUNNING"]
TASKS = some.fixed_dictionaries(
    {
        "hold": some.sampled_from([None, *(hold.value for hold in Hold)]),
        "active": some.lists(
            some.builds(lambda shows: {"run": "x", "shows": shows}, some.sampled_from(OWN)), max_size=3
        ),
        "next_run_at": some.sampled_from([None, clock.EPOCH, clock.now()]),
        "last_end": some.sampled_from(["COMPLETED", "FAILED", "CANCELLED"]),
    }
)


def status_of(task: Any) -> str:
    """The rule of the design, literally."""
    shown = {entry["shows"] for entry in task["active"]}
    if task["hold"] is not None:
        return "PAUSED" if task["hold"] == "PAUSED" else "CANCELLED"
    if "RUNNING" in shown:
        return "RUNNING"
    if "RETRY" in shown:
        return "RETRY"
    if shown or task["next_run_at"] is not None:
        return "PENDING"
    return str(task["last_end"])


async def test_the_status_of_a_task_is_projected_by_the_documented_rule(database: Database) -> None:
    examples: list[Any] = []

    @settings(max_examples=400, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    @given(TASKS)
    def collect(task: Any) -> None:
        examples.append({**task, "_id": str(len(examples)), "status": "PENDING", "n": 0})

    collect()
    await database.tasks.insert_many(examples)
    await database.tasks.bulk_write([change_task(task["_id"], has_value("n", 0), {"version": 1}) for task in examples])
    found = {task["_id"]: task["status"] async for task in database.tasks.find({})}
    assert found == {task["_id"]: status_of(task) for task in examples}
    assert {TaskStatus(status) for status in found.values()} == set(TaskStatus)


def test_every_open_state_of_a_run_shows_on_its_task() -> None:
    assert set(TASK_STATUS_OF_OPEN_RUN) == OPEN_STATUSES


async def test_active_runs_are_named_once_and_in_their_latest_state(database: Database) -> None:
    task: dict[str, Any] = {
        "hold": None,
        "active": [],
        "next_run_at": None,
        "last_end": "COMPLETED",
        "status": "COMPLETED",
    }
    await database.db["tasks"].insert_one({"_id": "t", **task})
    always = has_value("_id", "t")

    async def after(update: Any) -> tuple[str, list[str]]:
        await database.tasks.bulk_write([update])
        now = await database.tasks.find_one({"_id": "t"})
        assert now is not None
        return now["status"], [entry["run"] for entry in now["active"]]

    both = put_active_runs([("a", RunStatus.QUEUED), ("b", RunStatus.RETRY)])
    assert await after(change_task("t", always, {}, {"active": both})) == ("RETRY", ["a", "b"])

    def show(run: str, status: RunStatus) -> UpdateOne:
        return change_task("t", is_active_run(run), {}, {"active": put_active_runs([(run, status)])})

    assert await after(show("a", RunStatus.RUNNING)) == ("RUNNING", ["b", "a"])
    assert await after(show("a", RunStatus.QUEUED)) == ("RETRY", ["b", "a"])
    assert await after(show("stranger", RunStatus.RUNNING)) == ("RETRY", ["b", "a"])
    assert await after(change_task("t", is_active_run("stranger"), {"hold": Hold.PAUSED})) == ("RETRY", ["b", "a"])
