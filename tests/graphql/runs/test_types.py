"""Runs as the API shows them."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import T0, Api, run_document, stored_task


async def test_a_count_beyond_the_apis_whole_numbers_is_told_as_the_largest(api: Api) -> None:
    await api.alice.create()
    missed: dict[str, Any] = {
        "status": "MISSED",
        "reason": "MISFIRE",
        "missed_until": T0,
        "missed_count": 5_400_000_000,
    }
    await api.database.runs.insert_one(run_document((await stored_task(api))["_id"], T0, **missed))
    (found,) = (await api.alice.ask("{ runs { nodes { missedCount } } }"))["runs"]["nodes"]
    assert (found["missedCount"], type(found["missedCount"])) == (2_147_483_647, int)


async def test_missed_due_times_are_explained(api: Api) -> None:
    await api.alice.create()
    until, task = T0 + timedelta(hours=3), (await stored_task(api))["_id"]
    missed: dict[str, Any] = {"status": "MISSED", "reason": "MISFIRE", "missed_until": until, "missed_count": 4}
    await api.database.runs.insert_one(run_document(task, T0, **missed))
    await api.database.runs.insert_one(run_document(task, until, **missed | {"missed_count": 1}))
    found = (await api.alice.ask("{ runs { nodes { missedCount missedUntil reasonText } } }"))["runs"]["nodes"]
    assert all(type(run["missedCount"]) is int for run in found)
    one, several = "It was due at 2026-03-01T15:00:00Z, while no server could run it.", (
        "4 due times from 2026-03-01T12:00:00Z to 2026-03-01T15:00:00Z passed while no server could run them."
    )  # fmt: skip
    assert found == [
        {"missedCount": 1, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": one},
        {"missedCount": 4, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": several},
    ]
