"""Deliveries that cannot be made to a channel, and those that wait for it together."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import BOX, CHANNEL, add_channel, at_work, delivery, stored_channel, told
from tests.notifications.helpers import START, Clock
from tests.outbound.servers import answering, response
from tocsin.documents import Database, User
from tocsin.notifications import channel_health
from tocsin.notifications.channels.base import DeliveryUnavailable
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.user_channel import UserChannel

OK = response("204 No Content")


async def test_stored_settings_that_are_no_longer_valid_are_said_to_be(
    database: Database, alice: User, time: Clock
) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        channel = await add_channel(database, receiver.url)
        sealed = channel["sealed"] | {"signing_key": BOX.seal("c0ffee", CHANNEL)}
        await database.notification_channels.update_one({"_id": CHANNEL}, {"$set": {"sealed": sealed}})
        await enqueue_deliveries(database, [told()], START)
        await worker.send_due()
    failed = await delivery(database)
    assert (failed["status"], receiver.seen) == ("FAILED", [])
    assert "no longer valid" in failed["last_error"]
    assert "c0ffee" not in failed["last_error"]


async def test_a_notification_that_cannot_be_told_is_given_up(database: Database, alice: User, time: Clock) -> None:
    async with answering(OK) as receiver, at_work(database, time) as worker:
        await add_channel(database, receiver.url)
        await enqueue_deliveries(database, [told() | {"subject": " "}], START)
        await worker.send_due()
    failed, channel = await delivery(database), await stored_channel(database)
    assert (failed["status"], receiver.seen, channel["failing_since"]) == ("FAILED", [], None)
    assert "must have a subject" in failed["last_error"]


async def test_what_waits_for_a_channel_is_postponed_together(
    database: Database, alice: User, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    find = UserChannel._find_channel

    async def count(channel: UserChannel, delivery: Any) -> Any:
        nonlocal looks
        looks += 1
        return await find(channel, delivery)

    monkeypatch.setattr(UserChannel, "_find_channel", count)
    until = START + timedelta(hours=1)
    async with at_work(database, time) as worker:
        await add_channel(database, "http://127.0.0.1:1/")
        await database.notification_channels.update_one({}, {"$set": {"retry_at": until, "last_error": "Down."}})
        mine = [told(number) for number in range(100)]
        other = told(0, "u2/c2", "u2") | {"status": "DELIVERED"}
        await enqueue_deliveries(database, [*mine, other], START)
        await worker.send_due()
    waiting = await database.deliveries.find({"channel": CHANNEL}).to_list()
    assert {(each["status"], each["next_try_at"], each["last_error"]) for each in waiting} == {
        ("QUEUED", until, "Down.")
    }
    assert looks <= 8


async def test_a_channel_that_took_another_notification_meanwhile_is_not_disabled(database: Database) -> None:
    """Two are delivered at once after days of failures: one reaches the receiver, the other does not."""
    failing = {"failing_since": START - timedelta(days=5), "retry_at": START - timedelta(minutes=1)}
    await add_channel(database, "https://hooks.example.org/x")
    await database.notification_channels.update_one({}, {"$set": failing})
    channel = await stored_channel(database)
    await channel_health.record_success(database, channel, START)
    await channel_health.record_failure(database, channel, DeliveryUnavailable("Down."), START)
    present = await stored_channel(database)
    assert (present["is_enabled"], present["failing_since"], present["last_error"]) == (True, START, "Down.")
    await channel_health.record_failure(database, channel, DeliveryUnavailable("Down."), START)
    assert not (await stored_channel(database))["is_enabled"]
