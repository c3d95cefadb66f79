"""Live delivery beside preferences, rules, quiet hours and digests, with a real worker, database and mail server."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import at_work
from tests.notifications.helpers import Clock, numbered, subjects
from tests.notifications.live.helpers import LIVE, acknowledge, add_live_channel, find, quota_met, states, tell
from tests.notifications.preferences.helpers import choose, desk, digest, failure, utc
from tests.notifications.preferences.helpers import tell as tell_by_mail
from tests.outbound.smtp import Inbox
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.notifications.channel_changes import delete_channel
from tocsin.notifications.channels.mail.layout import render_mail
from tocsin.notifications.deliveries import enqueue_deliveries, new_delivery, notify
from tocsin.notifications.events import Event, EventKind
from tocsin.notifications.inbox.store import store_notifications
from tocsin.notifications.incident_stages import OVER_STAGE
from tocsin.notifications.live.fallback import await_acknowledgement
from tocsin.notifications.preferences.held_deliveries import release_held
from tocsin.notifications.preferences.quiet_hours import QuietHours
from tocsin.notifications.run_events import incident_event_id

MANY = 40
"""More than a claim looks at."""
MINUTE = timedelta(minutes=1)
NOON = utc("2026-11-22T11:00")


async def tell_held(database: Database, event: Event, wait: timedelta, at: datetime) -> None:
    """Queue the mail about an event at this time, held until it is acknowledged."""
    await store_notifications(database, [event])
    held = await_acknowledgement(new_delivery(event, "mail", render_mail(event)), wait, at)
    await enqueue_deliveries(database, [held], at)


async def test_a_change_of_preferences_does_not_release_what_waits_for_an_acknowledgement(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database, events=["FAILED_FOR_GOOD"])
    held = await tell(database, time, *(failure(number) for number in range(MANY)))
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        await release_held(database, "u1", time.time)
        await tell(database, time, quota_met())
        await worker.send_due()
        assert len(subjects(inbox)) == 1
        assert "failed" not in subjects(inbox)[0]
    first = await find(database, held[0])
    assert first["next_try_at"] == first["acknowledge_by"]


@pytest.mark.parametrize("about_tasks", [True, False])
async def test_held_mails_that_are_due_too_early_keep_none_from_its_place(
    database: Database, alice: User, time: Clock, about_tasks: bool
) -> None:
    """As a change of preferences by an earlier version left them."""
    inbox = Inbox()
    await add_live_channel(database, events=["FAILED_FOR_GOOD", "QUOTA_MET"])
    held = await tell(database, time, *(failure(each) if about_tasks else quota_met(each) for each in range(MANY)))
    if not about_tasks:
        await database.deliveries.update_many({"_id": {"$in": held}}, {"$unset": {"about": 1}})
    await database.deliveries.update_many({"_id": {"$in": held}}, {"$set": {"next_try_at": time.time}})
    await tell(database, time, failure(MANY, stage=0))
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
    assert subjects(inbox) == [f'Task "Task {MANY}" has started failing']
    first = await find(database, held[0])
    assert first["next_try_at"] == first["acknowledge_by"]


async def test_what_was_held_is_released_however_much_else_waits(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    channel = await add_live_channel(database)
    soon = clock.now() + MINUTE
    await database.deliveries.insert_many(numbered(501, next_try_at=soon))
    await tell(database, time, quota_met())
    await delete_channel(database, channel)
    time.time = clock.now()
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
    assert len(inbox.mails) == 1


@pytest.mark.parametrize("is_acknowledged", [False, True])
async def test_a_digest_does_not_tell_of_what_waits_for_an_acknowledgement(
    database: Database, alice: User, is_acknowledged: bool
) -> None:
    """It tells of that in the next one, unless it is acknowledged meanwhile."""
    await choose(database, digest=digest("HOURLY"))
    await add_live_channel(database)
    awaited = failure(2)
    async with desk(database) as working:
        await tell_by_mail(database, failure(1), at=NOON)
        assert await working.work_at(NOON) == []
        await tell_held(database, awaited, 30 * MINUTE, NOON + 50 * MINUTE)
        assert await working.work_at(NOON + 60 * MINUTE) == ['Task "Task 1" has failed']
        assert (await working.find(awaited))["status"] == "QUEUED"
        if is_acknowledged:
            await acknowledge(database, awaited.id)
        assert await working.work_at(NOON + 80 * MINUTE) == []
        assert await working.work_at(NOON + 120 * MINUTE) == ([] if is_acknowledged else ['Task "Task 2" has failed'])


async def test_a_task_that_is_muted_meanwhile_is_not_repeated_and_not_mailed(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, failure())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        await choose(database, "u1/t1", muted=True)
        time.time = (await find(database, f"{event_id}@{LIVE}"))["next_try_at"]
        await worker.send_due()
    live = await find(database, f"{event_id}@{LIVE}")
    assert (live["status"], live["last_error"]) == ("SUPPRESSED", "its notifications are muted")
    assert (await states(database, event_id), inbox.mails) == (("SUPPRESSED", "SUPPRESSED"), [])


async def test_what_a_rule_takes_from_the_live_channel_is_mailed_at_once(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, failure())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        await choose(database, "u1/t1", channels=[])
        time.time = (await find(database, f"{event_id}@{LIVE}"))["next_try_at"]
        await worker.send_due()
    assert await states(database, event_id) == ("SUPPRESSED", "DELIVERED")
    assert len(inbox.mails) == 1


async def test_quiet_hours_hold_back_the_mail_and_not_the_live_delivery(
    database: Database, alice: User, time: Clock
) -> None:
    """What is acknowledged until they are over is not mailed."""
    inbox = Inbox()
    await choose(database, quiet_hours=QuietHours(begin=0, end=0, days=frozenset(range(6))).to_document())
    await add_live_channel(database)
    ids = [failure(1).id, failure(2).id]
    await notify(database, [failure(1), failure(2)])
    monday, sunday = utc("2026-11-23T00:00"), utc("2026-11-29T00:00")
    at = {"queued_at": monday, "next_try_at": monday, "acknowledge_by": monday + 15 * MINUTE}
    await database.deliveries.update_many({}, {"$set": at})
    async with at_work(database, time, inbox) as worker:
        time.time = monday
        await worker.send_due()
        assert len((await find(database, f"{ids[0]}@{LIVE}"))["attempts"]) == 1
        time.time = monday + 15 * MINUTE
        await worker.send_due()
        assert [await states(database, each) for each in ids] == [("FAILED", "QUEUED")] * 2
        await acknowledge(database, ids[0])
        time.time = sunday
        await worker.send_due()
    assert [(await find(database, each))["status"] for each in ids] == ["SUPERSEDED", "DELIVERED"]
    assert len(inbox.mails) == 1


def recovery() -> Event:
    """Return the event of the end of an incident that `failure()` has opened."""
    about: Any = {**(failure().about or {}), "stage": OVER_STAGE}
    return replace(failure(), kind=EventKind.RECOVERED, id=incident_event_id("u1/t1", 0, OVER_STAGE), about=about)


async def test_good_news_is_not_given_live_without_the_bad_news(database: Database, alice: User, time: Clock) -> None:
    """The task was muted when it failed."""
    inbox = Inbox()
    await add_live_channel(database)
    await choose(database, "u1/t1", muted=True)
    await tell(database, time, failure())
    await choose(database, "u1/t1", muted=False)
    (event_id,) = await tell(database, time, recovery())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
    assert await states(database, event_id) == ("SUPPRESSED", "SUPPRESSED")


async def test_good_news_is_mailed_to_who_has_acknowledged_the_bad_news(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (failed,) = await tell(database, time, failure())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        await acknowledge(database, failed)
        (event_id,) = await tell(database, time, recovery())
        await worker.send_due()
        time.time = (await find(database, event_id))["acknowledge_by"]
        await worker.send_due()
    assert await states(database, failed) == ("DELIVERED", "SUPERSEDED")
    assert await states(database, event_id) == ("FAILED", "DELIVERED")
