"""Somebody who returns while their process is behind is told of the present, not of what it has heard so far."""

from datetime import datetime, timedelta

import pytest

from tests.events.test_fanout import listening, take
from tests.harness import SECRETS
from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.documents import Change, ChangeKind, Database, TaskStatus
from tocsin.events import ChangeFilter, ChangeSubscription, EventCursor, Fanout
from tocsin.tasks import lifecycle
from tocsin.workflows import saving
from tocsin.workflows.language.yaml_reader import parse_yaml

K = ChangeKind
ALL = ChangeFilter("alice")
WORKFLOW = """
name: w
steps: [{key: a, job: http, params: {url: "http://example.com/"}}]
"""


async def hear_again(events: Fanout, filter_: ChangeFilter, change: Change) -> Change:
    """Return what a client is told that returns to a process whose latest change this is."""
    await events.wait_until_listening()
    now = events.now()
    events.recent_changes.clear(now - timedelta(minutes=1))
    events.recent_changes.add(change, "alice")
    async with ChangeSubscription(events, filter_, EventCursor(now)) as back:
        return (await take(back, 1))[0]


def created(task_id: str, at: datetime) -> Change:
    return Change(K.TASK_CREATED, at, task_id, task_status=TaskStatus.PENDING)


async def test_a_deleted_task_does_not_come_back(database: Database) -> None:
    task = await save_hourly_task(database)
    await lifecycle.delete_task(database, "alice", task.id, clock.now())
    async with listening(database) as events:
        change = created(task.id, events.now())
        assert await hear_again(events, ALL, change) == change._replace(kind=K.TASK_DELETED, task_status=None)
        only_creations = ChangeFilter("alice", kinds=frozenset({K.TASK_CREATED}))
        assert await hear_again(events, only_creations, change) == change


@pytest.mark.parametrize("kind", [K.WORKFLOW_CREATED, K.WORKFLOW_UPDATED])
async def test_a_deleted_workflow_does_not_come_back(database: Database, kind: ChangeKind) -> None:
    workflow = await saving.save_workflow(database, SECRETS, "alice", parse_yaml(WORKFLOW), clock.now())
    async with listening(database) as events:
        change = Change(kind, events.now(), workflow=workflow["_id"])
        filter_ = ChangeFilter("alice", definitions=True)
        assert await hear_again(events, filter_, change) == change
        await saving.delete_workflow(database, "alice", "w", clock.now())
        assert await hear_again(events, filter_, change) == change._replace(kind=K.WORKFLOW_DELETED)


async def test_a_status_is_the_present_one(database: Database) -> None:
    task = await save_hourly_task(database)
    await lifecycle.pause_task(database, "alice", task.id, clock.now())
    async with listening(database) as events:
        change = created(task.id, events.now())
        assert await hear_again(events, ALL, change) == change._replace(task_status=TaskStatus.PAUSED)


async def test_a_snapshot_of_a_task_that_is_gone_stays_one(database: Database) -> None:
    async with listening(database) as events:
        change = ChangeFilter("alice", "alice/gone").resync(events.now())
        assert await events.read_present_states([change]) == [change]
