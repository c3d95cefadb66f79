"""What is told of a task that pauses itself: once, although that is the end of its incident as well."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.notifications.channel_helpers import add_channel, at_work
from tests.notifications.channels.helpers import json_of, service
from tests.notifications.channels.samples import SAMPLES
from tests.notifications.incidents.world import MINUTE, World
from tests.notifications.preferences.helpers import choose
from tests.outbound.servers import Server
from tocsin import clock
from tocsin.documents import Database, ErrorKind, SelfPauseDocument, User
from tocsin.notifications.deliveries import notify
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.incidents.alerts import review_alerts
from tocsin.notifications.task_events import TaskPaused


class PausingTask:
    """A task whose run has just failed and that pauses itself, and what is told of it."""

    def __init__(self, world: World, worker: DeliveryWorker, server: Server) -> None:
        self.world, self.worker, self.server, self.run = world, worker, server, ""

    async def fail(self, kind: ErrorKind = ErrorKind.JOB) -> None:
        await self.world.end("a", "FAILED", kind)
        (alert,) = await self.world.alerts()
        self.run = alert["failure"]["run"]
        await self.send()

    def pause(self, *, is_told: bool) -> SelfPauseDocument:
        return {"run": self.run, "failures": 1, "at": self.world.now, "is_told": is_told}

    async def stop(self) -> None:
        """Pause the task, as the effects of its run do."""
        paused = {"hold": "PAUSED", "self_pause": self.pause(is_told=False)}
        await self.world.database.tasks.update_one({"_id": "u1/a"}, {"$set": paused})
        await review_alerts(self.world.database, "u1/a")

    async def tell(self) -> None:
        """Tell of the pause, as the reconciliation does."""
        task: Any = await self.world.database.tasks.find_one({"_id": "u1/a"})
        run = self.world.run("a", "FAILED", ErrorKind.JOB)
        await notify(self.world.database, [TaskPaused.from_task(task, task["self_pause"], run)])
        told = {"self_pause.is_told": True}
        await self.world.database.tasks.update_one({"_id": "u1/a"}, {"$set": told})

    async def send(self) -> None:
        await self.world.pass_time(16 * MINUTE)
        await self.worker.send_due()

    async def mails(self) -> list[str]:
        found = await self.world.database.deliveries.find({"channel": None, "status": "DELIVERED"}).to_list()
        return sorted(each["kind"] for each in found)

    def types(self) -> list[str]:
        return sorted(json_of(each)["type"] for each in self.server.seen)


@asynccontextmanager
async def pausing(database: Database, kind: str = "webhook", **channel: Any) -> AsyncIterator[PausingTask]:
    world, sample = World(database), SAMPLES[kind]
    world.clock.time = clock.now()
    await world.add_tasks("a", next_run_at=clock.now() + 1_000 * MINUTE)
    await add_channel(database, "", kind=kind, given=sample.given, **channel)
    async with (
        service(sample.host, sample.success) as (server, http),
        at_work(database, world.clock, http=http) as worker,
    ):
        yield PausingTask(world, worker, server)


@pytest.mark.parametrize("kind", [ErrorKind.JOB, ErrorKind.CONNECT])
@pytest.mark.parametrize("is_told_first", [True, False])
async def test_each_is_told_of_the_pause_and_not_of_the_end(
    database: Database, alice: User, kind: ErrorKind, *, is_told_first: bool
) -> None:
    """Whichever comes first: a process can die after the pause is stored and before it is told."""
    async with pausing(database) as task:
        await task.fail(kind)
        await task.stop()
        if is_told_first:
            await task.tell()
        await task.send()
        assert ("task.paused" in task.types()) == is_told_first
        if not is_told_first:
            await task.tell()
        for _ in range(2):
            await task.send()
        assert await task.mails() == ["FAILED_FOR_GOOD", "TASK_PAUSED"]
        assert task.types() == ["task.failed", "task.paused"]


@pytest.mark.parametrize("is_told_first", [True, False])
async def test_who_is_not_told_of_pauses_is_told_of_the_end(
    database: Database, alice: User, *, is_told_first: bool
) -> None:
    async with pausing(database, events=["FAILED_FOR_GOOD", "RECOVERED"]) as task:
        await choose(database, mail_off=["TASK_PAUSED"])
        await task.fail()
        await task.stop()
        if is_told_first:
            await task.tell()
        await task.send()
        if not is_told_first:
            await task.tell()
        for _ in range(2):
            await task.send()
        assert await task.mails() == ["FAILED_FOR_GOOD", "INCIDENT_CLOSED"]
        assert task.types() == ["incident.closed", "task.failed"]


async def test_an_alert_service_is_told_of_the_end_as_well(database: Database, alice: User) -> None:
    async with pausing(database, "pagerduty") as task:
        await task.fail()
        await task.stop()
        await task.tell()
        await task.send()
    sent = [(json_of(each)["event_action"], json_of(each)["payload"]["class"]) for each in task.server.seen]
    assert sorted(sent) == [("resolve", "incident.closed"), ("trigger", "task.failed"), ("trigger", "task.paused")]


async def test_a_pause_by_the_owner_is_told_as_the_end(database: Database, alice: User) -> None:
    async with pausing(database) as task:
        await task.fail()
        await database.tasks.update_one({"_id": "u1/a"}, {"$set": {"hold": "PAUSED"}})
        await review_alerts(database, "u1/a")
        await task.send()
        assert task.types() == ["incident.closed", "task.failed"]
