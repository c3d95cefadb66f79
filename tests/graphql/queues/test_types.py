"""Queues as the API shows them."""

from datetime import timedelta

from tests.graphql.conftest import T0, Api
from tocsin import clock
from tocsin.documents import RunDocument, RunStatus, Trigger
from tocsin.tasks.runs import new_task_run

_COUNTS = "{ queues { name depth running oldestQueuedAt } }"


async def test_counts_are_ones_own_and_all_for_administrators(api: Api) -> None:
    await api.alice.create("waits")
    task = await api.database.tasks.find_one({})
    assert task is not None
    now = clock.now()
    run = new_task_run(task, f"{task['_id']}:m1", now, Trigger.MANUAL, now)
    busy: RunDocument = {**run, "_id": f"{task['_id']}:m2", "status": RunStatus.RUNNING, "worker": "w", "rank": None}
    await api.database.runs.insert_many([run, busy])
    for who, count in ((api.alice, 1), (api.bob, 0), (api.carol, 1)):
        (queue,) = (await who.ask(_COUNTS))["queues"]
        assert (queue["depth"], queue["running"], queue["oldestQueuedAt"] is not None) == (count, count, count == 1)


async def test_a_circuit_is_shown_to_its_owner(api: Api) -> None:
    assert api.alice.user is not None
    await api.database.circuits.insert_one(
        {
            "_id": "x", "owner": api.alice.user.id, "host": "example.com:443", "state": "OPEN", "failures": 5,
            "seconds": 30.0, "cause": "It answered 500.", "opened_at": T0, "retry_at": T0 + timedelta(seconds=30),
        }
    )  # fmt: skip
    query = "{ circuits { host state failures cause openedAt retryAt } }"
    assert (await api.alice.ask(query))["circuits"] == [
        {
            "host": "example.com:443",
            "state": "OPEN",
            "failures": 5,
            "cause": "It answered 500.",
            "openedAt": "2026-03-01T12:00:00Z",
            "retryAt": "2026-03-01T12:00:30Z",
        }
    ]
    assert (await api.bob.ask(query))["circuits"] == []
