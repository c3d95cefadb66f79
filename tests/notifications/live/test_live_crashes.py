"""Live delivery when a process is killed between any two writes: acknowledged or mailed, never neither."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.notifications.channel_helpers import at_work
from tests.notifications.helpers import Clock
from tests.notifications.live.helpers import (
    LIVE,
    Killed,
    acknowledge,
    add_live_channel,
    find,
    killed_at,
    quota_met,
    states,
    tell,
)
from tests.outbound.smtp import Inbox
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import notify

LEASE = timedelta(minutes=2)
MOST_WRITES = 16


@pytest.mark.parametrize("write", range(4))
async def test_killed_while_it_is_queued(database: Database, alice: User, time: Clock, write: int) -> None:
    """The cause is processed again."""
    inbox, event = Inbox(), quota_met()
    await add_live_channel(database)
    with killed_at(write) as done:
        if write < 3:  # the notification, the live delivery, the mail
            with pytest.raises(Killed):
                await notify(database, [event])
        else:
            await notify(database, [event])
    assert len(done) == write
    await tell(database, time, event)
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        assert (await states(database, event.id), inbox.mails) == (("QUEUED", "QUEUED"), [])
        time.time += timedelta(hours=1)
        await worker.send_due()
    assert await states(database, event.id) == ("FAILED", "DELIVERED")
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("write", range(MOST_WRITES))
async def test_killed_during_any_attempt(database: Database, alice: User, time: Clock, write: int) -> None:
    """The last write of a mail excepted, whose loss no program can tell from that of its answer."""
    inbox = Inbox()
    await add_live_channel(database, fallbackAfter="PT1M")
    (event_id,) = await tell(database, time, quota_met())
    async with at_work(database, time, inbox) as first:
        with killed_at(write), suppress(Killed):
            while not inbox.mails:
                await first.send_due()
                time.time += timedelta(seconds=7)
        await asyncio.gather(*first._tasks, return_exceptions=True)
        time.time += LEASE
        for _ in range(3):
            async with at_work(database, time, inbox) as second:
                await second.send_due()
            time.time += LEASE
    assert await states(database, event_id) == ("FAILED", "DELIVERED")
    assert 1 <= len(inbox.mails) <= 2
    assert len({mail["Message-ID"] for mail in inbox.mails}) == 1


@pytest.mark.parametrize("seed", range(8))
async def test_an_acknowledgement_races_with_the_last_attempt_and_the_mail(
    database: Database, alice: User, time: Clock, seed: int
) -> None:
    """By two processes: either it was acknowledged before the mail was sent, or it is mailed, and never neither."""
    chance, inbox = random.Random(seed), Inbox()
    await add_live_channel(database, fallbackAfter="PT1M")
    (event_id,) = await tell(database, time, quota_met())
    time.time += timedelta(hours=1)

    async def acknowledge_soon() -> None:
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        await database.ping()
        await acknowledge(database, event_id)

    async with at_work(database, time, inbox) as one, at_work(database, time, inbox) as other:
        await asyncio.gather(one.send_due(), other.send_due(), acknowledge_soon())
        time.time += LEASE
        await one.send_due()
    live, mail = await states(database, event_id)
    assert live in ("DELIVERED", "FAILED")
    assert mail == ("DELIVERED" if inbox.mails else "SUPERSEDED")
    assert len(inbox.mails) <= 1
    assert await database.notifications.count_documents({"_id": event_id, "acknowledged": True}) == 1


async def test_two_processes_make_each_attempt_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await add_live_channel(database, fallbackAfter="PT1M")
    ids = await tell(database, time, *(quota_met(number) for number in range(6)))
    end = clock.now() + timedelta(seconds=61)
    async with at_work(database, time, inbox) as one, at_work(database, time, inbox) as other:
        while time.time < end:
            await asyncio.gather(one.send_due(), other.send_due())
            time.time += timedelta(milliseconds=100)
    for event_id in ids:
        delivery = await find(database, f"{event_id}@{LIVE}")
        assert (delivery["status"], len(delivery["attempts"])) == ("FAILED", 10)
        at = [attempt["at"] for attempt in delivery["attempts"]]
        assert at == sorted(set(at))
    assert len(inbox.mails) == len(ids)
