"""The update of an advance writes what was planned, without what has not changed."""

import json
from typing import Any

import bson
import pytest

from tests.workflows.engine.world import T0, World, define
from tocsin.documents import Database
from tocsin.workflows.engine.updates import build_advance_update

VALUES = ['"$steps"', '{"$x":1}']
ITEMS = {"status": "RUNNING", "started_at": T0, "items": "RP", "values": VALUES}
WAITING = {"status": "WAITING", "wake_at": T0, "message": "$name"}


def document(**steps: Any) -> Any:
    """Return a stored workflow run with these states of steps; those that are not given are PENDING."""
    found = World(define({"key": "a"}, {"key": "each"}, {"key": "wait"})).document
    return found | {"rev": 3, "steps": found["steps"] | steps}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"a": {"status": "RUNNING", "started_at": T0}}),
        ({"wait": WAITING}, {"wait": {"status": "COMPLETED", "finished_at": T0}}),
        ({"wait": {"status": "PENDING"}}, {"wait": WAITING}),
        ({}, {"each": ITEMS}),
        ({"each": ITEMS}, {"each": ITEMS | {"items": "CR"}}),
        ({"each": ITEMS}, {"each": {"status": "COMPLETED", "items": "CC", "values": VALUES}}),
        ({"each": ITEMS}, {"each": ITEMS | {"values": ["0"], "items": "P"}, "a": {"status": "SKIPPED"}}),
        ({"each": ITEMS}, {"each": {"status": "PENDING"}}),
    ],
)
async def test_the_changes_are_applied_unless_the_run_has_changed(database: Database, before: Any, after: Any) -> None:
    stored = document(**before)
    await database.workflow_runs.insert_one(stored)
    changes: Any = {"steps": stored["steps"] | after, "output": json.dumps({"$a": "$b"}), "status": "RUNNING"}
    update = build_advance_update(stored, dict(changes))
    for _ in range(2):  # the second time, `rev` is another one
        await database.workflow_runs.update_one({"_id": stored["_id"]}, [update])
        found: Any = await database.workflow_runs.find_one({"_id": stored["_id"]})
        assert found.pop("changed_at") is not None
        assert found == {**stored, **changes, "rev": 4}


async def test_changes_without_steps_leave_them(database: Database) -> None:
    stored = document(each=ITEMS)
    await database.workflow_runs.insert_one(stored)
    await database.workflow_runs.update_one({"_id": stored["_id"]}, [build_advance_update(stored, {"wake_at": T0})])
    found: Any = await database.workflow_runs.find_one({"_id": stored["_id"]})
    assert found.pop("changed_at") is not None
    assert found == {**stored, "wake_at": T0, "rev": 4}


def test_an_update_grows_neither_with_the_other_steps_nor_with_the_values_of_items() -> None:
    values = [json.dumps("x" * 100)] * 100
    stored = World(define(*({"key": f"s{number}"} for number in range(100)), {"key": "each"})).document
    stored["steps"]["each"] = {**ITEMS, "values": values}
    steps = stored["steps"] | {"s1": {"status": "COMPLETED"}, "each": {**ITEMS, "items": "CR", "values": values}}
    assert len(bson.encode(build_advance_update(stored, {"steps": steps}))) < 1_000
