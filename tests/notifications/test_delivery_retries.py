"""Deliveries that their owner has sent again, by a real worker to real receivers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import (
    BOX,
    CHANNEL,
    RULES,
    add_channel,
    at_work,
    delivery,
    ids_of,
    stored_channel,
    told,
)
from tests.notifications.channels.helpers import json_of, service
from tests.notifications.channels.samples import SAMPLES
from tests.notifications.helpers import START, Clock
from tests.notifications.incidents.world import MINUTE, World
from tests.outbound.servers import Server, answering, response
from tocsin import clock
from tocsin.documents import Database, ErrorKind, User
from tocsin.errors import Conflict, NotFound
from tocsin.notifications.channel_changes import ChannelUpdate, delete_channel, update_channel
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY, RETRY_PERIOD
from tocsin.notifications.delivery_retries import retry_delivery
from tocsin.notifications.delivery_worker import DeliveryWorker

OK, GONE, DOWN = response("200 OK", b"ok"), response("410 Gone"), response("503 Down")
LATER = START + timedelta(days=1)
ID = told()["_id"]
PAGERDUTY = SAMPLES["pagerduty"]


async def retry(database: Database, delivery_id: str = ID, at: Any = LATER) -> None:
    await retry_delivery(database, "u1", delivery_id, at)


async def refusal(database: Database, delivery_id: str = ID, owner: str = "u1") -> str:
    with pytest.raises(Conflict) as refused:
        await retry_delivery(database, owner, delivery_id, LATER)
    assert refused.value.path == ("id",)
    return str(refused.value)


async def fail(database: Database, **changes: Any) -> None:
    """Store a delivery that has failed."""
    failed: Any = {"status": "FAILED", "tries": 3, "last_error": "no", "attempts": [{"at": START, "error": "no"}]}
    await database.deliveries.insert_one(told() | failed | changes)


async def enable(database: Database, *, is_enabled: bool = True) -> None:
    update = ChannelUpdate(is_enabled=is_enabled)
    await update_channel(database, BOX, await stored_channel(database), update, RULES)


async def test_a_failed_delivery_is_sent_again_as_the_same(database: Database, alice: User, time: Clock) -> None:
    async with answering(GONE, OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
        assert (await delivery(database))["status"] == "FAILED"
        await enable(database)
        time.time = LATER
        await retry(database)
        await worker.send_due()
    done, (first, second) = await delivery(database), receiver.seen
    assert (done["status"], done["retried_at"], done["queued_at"], done["tries"]) == ("DELIVERED", LATER, START, 1)
    assert [each["error"] is None for each in done["attempts"]] == [False, True]
    assert ids_of([first]) == ids_of([second])
    assert json_of(first) == json_of(second)


async def test_what_was_dropped_for_a_disabled_channel_is_sent_when_it_is_enabled(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url, is_enabled=False)
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
        assert (await delivery(database))["status"] == "SUPERSEDED"
        assert "disabled" in await refusal(database)
        await enable(database)
        time.time = LATER
        await retry(database)
        await worker.send_due()
    assert (await delivery(database))["status"] == "DELIVERED"
    assert len(receiver.seen) == 1


async def test_a_retry_is_tried_for_three_days_from_then_on(database: Database, alice: User, time: Clock) -> None:
    async with answering(DOWN) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await fail(database)
        time.time = START + 4 * RETRY_PERIOD
        await retry(database, at=time.time)
        await worker.send_due()
        retried = await delivery(database)
        assert (retried["status"], retried["tries"], len(retried["attempts"])) == ("QUEUED", 1, 2)
        assert retried["next_try_at"] - time.time < MINUTE
        while (waiting := await delivery(database))["status"] == "QUEUED":
            time.time = waiting["next_try_at"]
            await worker.send_due()
    assert waiting["status"] != "DELIVERED"
    assert RETRY_PERIOD - 2 * MAX_RETRY_DELAY < time.time - waiting["retried_at"] <= RETRY_PERIOD


async def test_a_retry_is_made_at_once_although_its_channel_has_just_failed(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await fail(database)
        failing = {"failing_since": START, "retry_at": LATER + timedelta(minutes=30)}
        await database.notification_channels.update_one({"_id": CHANNEL}, {"$set": failing})
        time.time = LATER
        await retry(database)
        assert (await stored_channel(database))["failing_since"] == START
        await worker.send_due()
    assert (await delivery(database))["status"] == "DELIVERED"
    assert (await stored_channel(database))["failing_since"] is None


async def test_a_retry_of_a_channel_that_still_fails_does_not_prolong_its_life(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(DOWN) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        while (await stored_channel(database))["is_enabled"]:
            await fail(database, _id=told(len(receiver.seen))["_id"], about=None)
            await retry(database, told(len(receiver.seen))["_id"], time.time)
            await worker.send_due()
            time.time += timedelta(hours=12)
    assert time.time - START <= RETRY_PERIOD + timedelta(hours=12)


async def test_two_at_the_same_time_send_it_once(database: Database, alice: User, time: Clock) -> None:
    async with answering(GONE) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await fail(database)
        time.time = LATER
        answers = await asyncio.gather(*(retry(database) for _ in range(8)), return_exceptions=True)
        await worker.send_due()
        await worker.send_due()
    refusals = [each for each in answers if each is not None]
    assert {str(each) for each in refusals} == {"It is queued already."}
    assert len(refusals) == 7
    assert len(receiver.seen) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "QUEUED"}, "queued already"),
        ({"status": "DELIVERED"}, "was delivered"),
        ({"status": "SUPPRESSED"}, "preferences"),
        ({"status": "SUPERSEDED", "last_error": None}, "superseded"),
        ({"status": "SUPERSEDED", "last_error": "the step no longer waits for a decision"}, "superseded"),
        ({"channel": None}, "mail"),
        ({"acknowledge_by": START}, "live"),
        ({"channel": "u1/none"}, "deleted"),
    ],
)
async def test_what_cannot_be_sent_again_is_refused_with_its_reason(
    database: Database, alice: User, changes: Any, reason: str
) -> None:
    await add_channel(database, "http://127.0.0.1:1/")
    await fail(database, **changes)
    before = await delivery(database)
    assert reason in await refusal(database)
    assert await delivery(database) == before


@pytest.mark.parametrize("changes", [{"owner": "u2"}, {"kind": "DIGEST"}, {"kind": "PASSWORD_RESET"}, {"_id": "u1/x"}])
async def test_what_is_no_delivery_of_a_notification_of_the_owner_is_not_found(
    database: Database, alice: User, changes: Any
) -> None:
    await add_channel(database, "http://127.0.0.1:1/")
    await fail(database, **changes)
    with pytest.raises(NotFound):
        await retry(database)


async def test_nothing_is_sent_to_a_channel_that_is_deleted_after_the_retry(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        channel = await add_channel(database, receiver.url)
        await fail(database)
        await retry(database, at=START)
        await delete_channel(database, channel)
        await worker.send_due()
    assert ((await delivery(database))["status"], receiver.seen) == ("SUPERSEDED", [])


@asynccontextmanager
async def channel_of(
    database: Database, kind: str, *answers: bytes
) -> AsyncIterator[tuple[World, DeliveryWorker, Server]]:
    """Yield a world whose only channel is of this kind and gets these answers, the worker, and the service."""
    world, sample = World(database), SAMPLES[kind]
    world.clock.time = clock.now()
    await world.add_tasks("a", next_run_at=clock.now() + 1_000 * MINUTE)
    await add_channel(database, "", kind=kind, given=sample.given)
    async with (
        service(sample.host, *answers) as (server, http),
        at_work(database, world.clock, http=http) as worker,
    ):
        yield world, worker, server


async def send(world: World, worker: DeliveryWorker) -> None:
    """Send what is due, and enable the channel, which is disabled when it is gone."""
    await world.pass_time(MINUTE)
    await worker.send_due()
    await enable(world.database)


async def failed_opening(database: Database) -> Any:
    return await database.deliveries.find_one({"channel": CHANNEL, "kind": "FAILED_FOR_GOOD"})


@pytest.mark.parametrize("kind", ["webhook", "pagerduty"])
async def test_nothing_is_told_after_what_came_later(database: Database, alice: User, kind: str) -> None:
    success = SAMPLES[kind].success
    async with channel_of(database, kind, GONE, success) as (world, worker, server):
        for status in ("FAILED", "COMPLETED"):
            await world.end("a", status, ErrorKind.JOB)
            await send(world, worker)
        opening = await failed_opening(database)
        assert opening["status"] == "FAILED"
        assert "a later notification about the same subject was delivered" in await refusal(database, opening["_id"])
    assert len(server.seen) == 2


async def test_nothing_is_told_after_the_next_opening(database: Database, alice: User) -> None:
    async with channel_of(database, "webhook", GONE, GONE, SAMPLES["webhook"].success) as (world, worker, _):
        for status in ("FAILED", "COMPLETED"):
            await world.end("a", status, ErrorKind.JOB)
            await send(world, worker)
        await world.pass_time(timedelta(hours=2))
        await world.end("a", "FAILED", ErrorKind.JOB)
        await send(world, worker)
        found = await database.deliveries.find({"channel": CHANNEL}).to_list()
        assert sorted(each["status"] for each in found) == ["DELIVERED", "FAILED", "FAILED"]
        for each in found:
            if each["status"] == "FAILED":
                assert "later notification" in await refusal(database, each["_id"])


async def test_what_is_over_is_told_in_order_where_nothing_later_was(database: Database, alice: User) -> None:
    success = SAMPLES["webhook"].success
    async with channel_of(database, "webhook", GONE, GONE, success) as (world, worker, server):
        for status in ("FAILED", "COMPLETED"):
            await world.end("a", status, ErrorKind.JOB)
            await send(world, worker)
        found = await database.deliveries.find({"channel": CHANNEL}).to_list()
        for each in reversed(found):  # the order of the calls does not matter
            await retry(database, each["_id"], world.now)
        await send(world, worker)
    assert [json_of(each)["type"] for each in server.seen[2:]] == ["task.failed", "task.recovered"]


async def test_no_alert_is_opened_for_what_is_over(database: Database, alice: User) -> None:
    """The channel was disabled while it worked again, so that nothing would ever resolve the alert."""
    async with channel_of(database, "pagerduty", GONE, PAGERDUTY.success) as (world, worker, server):
        await world.end("a", "FAILED", ErrorKind.JOB)
        await send(world, worker)
        state = {"is_enabled": False, "disabled_at": world.now}
        await database.notification_channels.update_one({"_id": CHANNEL}, {"$set": state})
        await world.end("a", "COMPLETED", ErrorKind.JOB)
        await send(world, worker)
        await enable(database)
        assert "it is over by now" in await refusal(database, (await failed_opening(database))["_id"])
    assert len(server.seen) == 1


@pytest.mark.parametrize(("is_over_before", "expected"), [(True, []), (False, ["trigger", "resolve"])])
async def test_an_alert_that_a_retry_opens_is_resolved(
    database: Database, alice: User, is_over_before: bool, expected: list[str]
) -> None:
    async with channel_of(database, "pagerduty", GONE, PAGERDUTY.success) as (world, worker, server):
        await world.end("a", "FAILED", ErrorKind.JOB)
        await send(world, worker)
        await retry(database, (await failed_opening(database))["_id"], world.now)
        if not is_over_before:
            await send(world, worker)
        await world.end("a", "COMPLETED", ErrorKind.JOB)
        for _ in range(3):
            await send(world, worker)
    assert [json_of(each)["event_action"] for each in server.seen[1:]] == expected


async def test_the_end_of_an_alert_is_told_although_it_was_opened_again(database: Database, alice: User) -> None:
    answers = (PAGERDUTY.success, GONE, PAGERDUTY.success)
    async with channel_of(database, "pagerduty", *answers) as (world, worker, server):
        for status in ("FAILED", "COMPLETED"):
            await world.end("a", status, ErrorKind.JOB)
            await send(world, worker)
        await world.pass_time(timedelta(hours=2))
        await world.end("a", "FAILED", ErrorKind.JOB)
        await send(world, worker)
        (end,) = await database.deliveries.find({"channel": CHANNEL, "status": "FAILED"}).to_list()
        await retry(database, end["_id"], world.now)
        await send(world, worker)
    (first, *_, last) = [json_of(each) for each in server.seen]
    assert (last["event_action"], last["dedup_key"]) == ("resolve", first["dedup_key"])


async def test_the_end_of_an_outage_is_the_last_that_is_told_of_it(database: Database, alice: User) -> None:
    await add_channel(database, "http://127.0.0.1:1/")
    down = f"network:o1:u1:down@{CHANNEL}"
    await fail(database, _id=down, kind="NETWORK_DOWN", about=None)
    await database.db["notifications"].insert_one({"_id": "network:o1:u1:up", "owner": "u1"})
    assert "it is over by now" in await refusal(database, down)
