"""Deliveries before quiet hours and digests, with the real worker, a mail server and a controlled clock."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import add_channel, at_work
from tests.notifications.channels.helpers import body_of
from tests.notifications.helpers import Clock, user
from tests.notifications.incidents.samples import incident
from tests.notifications.preferences.helpers import (
    BERLIN,
    choose,
    choose_night,
    desk,
    digest,
    failure,
    recover,
    tell,
    utc,
)
from tests.notifications.samples import DUE
from tests.outbound.servers import answering, response
from tests.outbound.smtp import Inbox
from tocsin.documents import Database, User
from tocsin.notifications.account_events import PasswordChanged
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import EventKind
from tocsin.notifications.incident_stages import OVER_STAGE
from tocsin.notifications.preferences import held_deliveries
from tocsin.notifications.preferences.held_deliveries import release_held
from tocsin.notifications.preferences.quiet_hours import QuietHours
from tocsin.notifications.preferences.store import change_preferences
from tocsin.notifications.run_events import incident_event_id

EVENING, NIGHT = utc("2026-11-22T20:59"), utc("2026-11-22T22:00")  # 21:59 and 23:00 in Berlin
MORNING = utc("2026-11-23T06:00")
A_MOMENT = timedelta(seconds=5)
CHANGES = [
    ("2026-03-28T22:00", "2026-03-29T05:00"),  # the night in which clocks are set forward
    ("2026-10-24T21:00", "2026-10-25T06:00"),  # and back
]


async def test_what_happens_in_quiet_hours_is_mailed_when_they_are_over(database: Database, alice: User) -> None:
    await choose_night(database)
    early, late = failure(1), failure(2)
    async with desk(database) as working:
        await tell(database, early, at=EVENING)
        assert await working.work_at(EVENING) == ['Task "Task 1" has failed']
        await tell(database, late, at=NIGHT)
        assert await working.work_at(NIGHT) == []
        held = await working.find(late)
        assert (held["status"], held["next_try_at"], held["held_for"]) == ("QUEUED", MORNING, "QUIET_HOURS")
        assert (held["tries"], held["claim"]) == (0, None)
        assert await working.work_at(MORNING - A_MOMENT) == []
        assert await working.work_at(MORNING) == ['Task "Task 2" has failed']
    assert await database.notifications.count_documents({}) == 2


@pytest.mark.parametrize(("night", "morning"), CHANGES)
async def test_nights_in_which_clocks_change_end_by_the_clock(
    database: Database, alice: User, night: str, morning: str
) -> None:
    await choose_night(database)
    async with desk(database) as working:
        await tell(database, failure(), at=utc(night))
        assert await working.work_at(utc(night)) == []
        assert await working.work_at(utc(morning) - A_MOMENT) == []
        assert await working.work_at(utc(morning)) == ['Task "Task 1" has failed']


async def test_security_and_excepted_kinds_go_through(database: Database, alice: User) -> None:
    await choose_night(database, except_kinds=["BEGAN_FAILING"])
    changed = PasswordChanged.from_user(alice, NIGHT, "192.0.2.1")
    async with desk(database) as working:
        await tell(database, failure(1), failure(2, stage=0), changed, at=NIGHT)
        sent = await working.work_at(NIGHT)
    assert sorted(sent) == ['Task "Task 2" has started failing', "Your password was changed"]


async def test_channels_are_quiet_too_unless_they_are_excepted(database: Database, alice: User, time: Clock) -> None:
    ok = response("204 No Content")
    async with answering(ok) as quiet, answering(ok) as pager, at_work(database, time) as worker:
        await add_channel(database, quiet.url, "u1/quiet")
        await add_channel(database, pager.url, "u1/pager")
        await choose_night(database, except_channels=["u1/pager"])
        await notify(database, [failure()])
        await database.deliveries.update_many({}, {"$set": {"queued_at": NIGHT, "next_try_at": NIGHT}})
        time.time = NIGHT
        await worker.send_due()
        assert (len(quiet.seen), len(pager.seen)) == (0, 1)
        time.time = MORNING
        await worker.send_due()
        assert (len(quiet.seen), len(pager.seen)) == (1, 1)
    assert json.loads(body_of(quiet.seen[0]))["data"]["subject"] == 'Task "Task 1" has failed'


async def test_a_change_of_preferences_applies_to_what_waits(database: Database, alice: User) -> None:
    await choose_night(database)
    async with desk(database) as working:
        await tell(database, failure(1), failure(1, incident=1), at=NIGHT)
        assert await working.work_at(NIGHT) == []
        await change_preferences(database, "u1", {"quiet_hours": None})
        await release_held(database, "u1", NIGHT)
        assert await working.work_at(NIGHT) == ['Task "Task 1" has failed'] * 2


async def test_who_holds_back_sees_a_change_that_was_made_meanwhile(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change is written and the release done after the decision, and before the delivery is given back."""
    set_aside = held_deliveries.set_aside

    async def change_before(*given: Any) -> None:
        await change_preferences(database, "u1", {"quiet_hours": None})
        await release_held(database, "u1", NIGHT)
        await set_aside(*given)

    monkeypatch.setattr(held_deliveries, "set_aside", change_before)
    await choose_night(database)
    async with desk(database) as working:
        await tell(database, failure(), at=NIGHT)
        assert await working.work_at(NIGHT) == ['Task "Task 1" has failed']


async def test_a_task_that_is_muted_while_its_news_wait_is_not_mailed(database: Database, alice: User) -> None:
    await choose_night(database)
    muted = failure(1)
    async with desk(database) as working:
        await tell(database, muted, failure(2), at=NIGHT)
        assert await working.work_at(NIGHT) == []
        await choose(database, "u1/t1", muted=True)
        assert await working.work_at(MORNING) == ['Task "Task 2" has failed']
        assert (await working.find(muted))["status"] == "SUPPRESSED"


async def test_in_the_morning_only_what_still_matters_is_mailed(database: Database, alice: User) -> None:
    """Task 1 began to fail and worked when retried; 2 lost a run and works again; 3 began to fail, and failed."""
    await choose_night(database)
    await recover(database, 1, 2)
    async with desk(database) as working:
        await tell(database, failure(1, stage=0), failure(2), failure(3, stage=0), failure(3), at=NIGHT)
        assert await working.work_at(NIGHT) == []
        sent = await working.work_at(MORNING)
        states = [(await working.find(failure(number, stage=0)))["status"] for number in (1, 3)]
    assert sorted(sent) == ['Task "Task 2" has failed (it works again)', 'Task "Task 3" has failed']
    assert states == ["SUPERSEDED", "SUPERSEDED"]


async def test_the_time_for_retries_begins_when_quiet_hours_are_over(database: Database, alice: User) -> None:
    """Six days of quiet are longer than the three for which a mail server may be away."""
    await choose(database, quiet_hours=QuietHours(begin=0, end=0, days=frozenset(range(6))).to_document())
    monday, sunday = utc("2026-11-23T00:00"), utc("2026-11-29T00:00")
    async with desk(database, Inbox(data="451 later")) as working:
        await tell(database, failure(), at=monday)
        assert await working.work_at(monday) == []
        assert await working.work_at(sunday) == []
        waiting = await working.find(failure())
        assert (waiting["status"], waiting["tries"]) == ("QUEUED", 1)
        working.inbox.data = "250 OK"
        assert await working.work_at(waiting["next_try_at"]) == ['Task "Task 1" has failed']


async def test_mails_of_a_kind_that_is_off_are_not_sent(database: Database, alice: User) -> None:
    await choose(database, mail_off=["BEGAN_FAILING", "PASSWORD_CHANGED"])
    async with desk(database) as working:
        await tell(database, failure(1, stage=0), PasswordChanged.from_user(alice, DUE, ""), failure(2), at=NIGHT)
        assert sorted(await working.work_at(NIGHT)) == ['Task "Task 2" has failed', "Your password was changed"]


async def test_preferences_of_others_do_not_apply(database: Database, alice: User) -> None:
    await user("u2", "bob@example.org")
    await choose(database, "u2", time_zone=BERLIN, digest=digest(), mail_off=["FAILED_FOR_GOOD"])
    await database.notification_preferences.insert_one({"_id": "u1/t1", "owner": "u2", "muted": True})
    async with desk(database) as working:
        await tell(database, failure(), at=NIGHT)
        assert await working.work_at(NIGHT) == ['Task "Task 1" has failed']


async def told_of_incident(database: Database, kind: EventKind, stage: int, at: datetime) -> None:
    """Queue the mail about a stage of an incident that is stored."""
    about: Any = {"type": "Task", "id": "u1/t1", "incident": 0, "stage": stage, "incident_id": "u1/t1:0"}
    event = replace(failure(1, stage=0), kind=kind, id=incident_event_id("u1/t1", 0, stage), about=about)
    await tell(database, event, at=at)


async def test_good_news_is_not_sent_without_the_bad_news(database: Database, alice: User) -> None:
    """The beginning was held back until it had worked again, so nobody was told that it failed."""
    await choose_night(database)
    await database.incidents.insert_one(incident(_id="u1/t1:0", owner="u1", open=False, recovered=True, sequence=0))
    async with desk(database) as working:
        await told_of_incident(database, EventKind.BEGAN_FAILING, 0, NIGHT)
        await told_of_incident(database, EventKind.RECOVERED, OVER_STAGE, NIGHT)
        assert await working.work_at(NIGHT) == []
        assert await working.work_at(MORNING) == []


async def test_what_waits_for_a_digest_does_not_hold_up_what_is_excepted(database: Database, alice: User) -> None:
    await choose(database, time_zone=BERLIN, digest=digest("DAILY", 8, "FAILED_FOR_GOOD"))
    async with desk(database) as working:
        await tell(database, failure(1, stage=0), at=NIGHT)
        assert await working.work_at(NIGHT) == []
        await tell(database, failure(1), at=NIGHT + timedelta(seconds=5))
        assert await working.work_at(NIGHT + timedelta(seconds=5)) == ['Task "Task 1" has failed']
