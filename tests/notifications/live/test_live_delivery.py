"""Live delivery with a real worker, database and mail server: ten attempts, then a mail, unless it is acknowledged."""

from datetime import timedelta
from itertools import pairwise

import pytest

from tests.notifications.channel_helpers import BOX, RULES, at_work
from tests.notifications.helpers import Clock, subjects
from tests.notifications.live.helpers import (
    LIVE,
    Killed,
    acknowledge,
    add_live_channel,
    advance,
    find,
    killed_at,
    quota_met,
    states,
    tell,
)
from tests.notifications.samples import ENDED, failed_run, retried_run
from tests.outbound.smtp import Inbox
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.errors import Conflict, InvalidInput
from tocsin.notifications.account_events import PasswordChanged
from tocsin.notifications.channel_changes import ChannelUpdate, delete_channel, update_channel
from tocsin.notifications.deliveries import notify
from tocsin.notifications.live.schedule import MAX_ATTEMPTS
from tocsin.notifications.run_events import TaskFailure

SECOND = timedelta(seconds=1)


async def test_after_ten_attempts_it_is_mailed(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        times = [(await find(database, f"{event_id}@{LIVE}"))["queued_at"]]
        for number in range(1, MAX_ATTEMPTS + 1):
            delivery = await find(database, f"{event_id}@{LIVE}")
            assert (delivery["status"], len(delivery["attempts"]), inbox.mails) == ("QUEUED", number, [])
            times.append(delivery["next_try_at"])
            delivery = await advance(database, time, worker, event_id)
    assert await states(database, event_id) == ("FAILED", "DELIVERED")
    assert (len(delivery["attempts"]), delivery["last_error"]) == (MAX_ATTEMPTS, "It was not acknowledged in time.")
    intervals = [later - earlier for earlier, later in pairwise(times)]
    assert intervals == sorted(intervals)
    assert 5 * SECOND < intervals[0] < 10 * SECOND
    assert times[-1] - times[0] == timedelta(minutes=15)
    assert len(inbox.mails) == 1


async def test_acknowledged_at_the_third_attempt_there_is_no_more_and_no_mail(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database, fallbackAfter="PT2M")
    (event_id,) = await tell(database, time, quota_met())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        for _ in range(2):
            await advance(database, time, worker, event_id)
        assert await acknowledge(database, event_id) == 1
        assert await states(database, event_id) == ("DELIVERED", "SUPERSEDED")
        assert (await find(database, event_id))["last_error"] == "The notification was acknowledged."
        time.time += timedelta(days=1)
        await worker.send_due()
    delivery = await find(database, f"{event_id}@{LIVE}")
    assert (len(delivery["attempts"]), delivery["last_error"], inbox.mails) == (3, None, [])


@pytest.mark.parametrize("before_the_mail", [True, False])
async def test_an_acknowledgement_that_only_reached_the_notification_counts(
    database: Database, alice: User, time: Clock, before_the_mail: bool
) -> None:
    """As when the process dies after the first write of it, or the mail was claimed just before."""
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    with killed_at(1) as done, pytest.raises(Killed):
        await acknowledge(database, event_id)
    assert done == ["update_many notifications"]
    assert await states(database, event_id) == ("QUEUED", "QUEUED")
    async with at_work(database, time, inbox) as worker:
        if not before_the_mail:
            time.time += timedelta(hours=1)
        await worker.send_due()
        assert (await find(database, f"{event_id}@{LIVE}"))["status"] == "DELIVERED"
        time.time += timedelta(hours=1)
        await worker.send_due()
    assert (await states(database, event_id), inbox.mails) == (("DELIVERED", "SUPERSEDED"), [])


async def test_what_the_channel_does_not_take_is_mailed_at_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await add_live_channel(database, events=["FAILED_FOR_GOOD", "PASSWORD_CHANGED"])
    password = PasswordChanged.from_user(alice, clock.now(), "192.0.2.1")
    await tell(database, time, quota_met(), password, TaskFailure.from_run(failed_run(), ENDED))
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
    assert len(subjects(inbox)) == 2  # the security of an account is mailed at once, too
    assert (await find(database, f"{password.id}@{LIVE}"))["status"] == "QUEUED"
    assert not any("Nightly backup" in subject for subject in subjects(inbox))


async def test_a_mail_that_is_held_does_not_delay_others_about_the_subject(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database, events=["BEGAN_FAILING"])
    await tell(database, time, TaskFailure.from_run(retried_run(), ENDED))
    await notify(database, [TaskFailure.from_run(failed_run(), ENDED)])
    time.time = clock.now()
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        assert [subject for subject in subjects(inbox) if "failed" in subject] == subjects(inbox)
        assert len(inbox.mails) == 1
        time.time += timedelta(hours=1)
        await worker.send_due()
    assert len(inbox.mails) == 1  # it covers the beginning


async def test_the_acknowledgement_of_the_later_stage_covers_the_beginning(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    began, failed = (TaskFailure.from_run(run(), ENDED) for run in (retried_run, failed_run))
    await tell(database, time, began, failed)
    await acknowledge(database, failed.id)
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        time.time += timedelta(hours=1)
        await worker.send_due()
    assert inbox.mails == []
    assert await states(database, failed.id) == ("DELIVERED", "SUPERSEDED")
    assert (await states(database, began.id))[0] in ("DELIVERED", "SUPERSEDED")


async def test_two_about_one_task_are_repeated_side_by_side(database: Database, alice: User, time: Clock) -> None:
    """A later one does not wait until the earlier one is acknowledged."""
    await add_live_channel(database)
    first = TaskFailure.from_run(failed_run(incident=3), ENDED)
    second = TaskFailure.from_run(failed_run(incident=4), ENDED)
    await tell(database, time, first, second)
    async with at_work(database, time) as worker:
        await worker.send_due()
        for event in (first, second):
            assert len((await find(database, f"{event.id}@{LIVE}"))["attempts"]) == 1


@pytest.mark.parametrize("how", ["deleted", "disabled"])
async def test_without_the_channel_it_is_mailed_at_once(database: Database, alice: User, time: Clock, how: str) -> None:
    inbox = Inbox()
    channel = await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        if how == "deleted":
            await delete_channel(database, channel)
        else:
            await update_channel(database, BOX, channel, ChannelUpdate(is_enabled=False), RULES)
        time.time = clock.now()
        await worker.send_due()
        assert len(inbox.mails) == 1
        await advance(database, time, worker, event_id)
    assert await states(database, event_id) == ("SUPERSEDED", "DELIVERED")


async def test_without_its_owner_nothing_is_repeated_or_mailed(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    await database.users.update_one({"_id": "u1"}, {"$set": {"is_active": False}})
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
        time.time += timedelta(hours=1)
        await worker.send_due()
    live, mail = await states(database, event_id)
    assert (live, inbox.mails) == ("SUPPRESSED", [])
    assert mail != "QUEUED"


async def test_after_a_day_without_a_process_it_is_mailed_at_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    time.time += timedelta(days=1)
    async with at_work(database, time, inbox) as worker:
        await worker.send_due()
    assert await states(database, event_id) == ("FAILED", "DELIVERED")
    assert len(inbox.mails) == 1


async def test_attempts_that_were_missed_are_not_made_up_for(database: Database, alice: User, time: Clock) -> None:
    await add_live_channel(database)
    (event_id,) = await tell(database, time, quota_met())
    async with at_work(database, time) as worker:
        await worker.send_due()
        time.time += timedelta(minutes=5)
        await worker.send_due()
        delivery = await find(database, f"{event_id}@{LIVE}")
    assert len(delivery["attempts"]) == 2
    assert delivery["next_try_at"] - time.time > timedelta(seconds=60)


async def test_a_user_has_one_live_channel(database: Database, alice: User) -> None:
    await add_live_channel(database)
    with pytest.raises(Conflict, match="a live channel already"):
        await add_live_channel(database, "u1/other")
    await add_live_channel(database, "u2/live")


@pytest.mark.parametrize(("given", "message"), [("PT59S", "PT1M to P1D; it is PT59S"), ("1 h", "ISO 8601"), (3, "3")])
async def test_the_time_until_the_mail_is_checked(database: Database, given: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await add_live_channel(database, fallbackAfter=given)
    assert message in str(caught.value)
    assert "fallbackAfter" in str(caught.value.path)
