"""Queues as the API shows them."""

from tests.graphql.conftest import Api
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
