"""Digests with the real worker and a mail server: one mail for a period, nothing lost, nothing told twice."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.helpers import stored
from tests.notifications.preferences.helpers import (
    BERLIN,
    Desk,
    choose,
    choose_night,
    desk,
    digest,
    failure,
    recover,
    tell,
    utc,
)
from tests.outbound.smtp import Inbox
from tocsin.cancellation import cancel_and_wait
from tocsin.documents import Database, User
from tocsin.notifications.account_events import PasswordChanged
from tocsin.notifications.digests import collection
from tocsin.notifications.preferences.held_deliveries import release_held
from tocsin.notifications.preferences.store import change_preferences
from tocsin.notifications.run_events import ApprovalRequested

NOON, DUE = utc("2026-11-22T11:00"), utc("2026-11-23T07:00")  # 12:00 in Berlin, and 08:00 on the next day
A_MOMENT, MINUTE, HOUR = timedelta(seconds=5), timedelta(minutes=1), timedelta(hours=1)
DIGEST = "u1/digest:2026-11-23T07:00Z"


async def choose_daily(database: Database, *except_kinds: str) -> None:
    await choose(database, time_zone=BERLIN, digest=digest("DAILY", 8, *except_kinds))


async def states(database: Database) -> dict[str, str]:
    """Return the states of all mails by their IDs."""
    return {each["_id"]: each["status"] async for each in database.deliveries.find({})}


def text_of(inbox: Inbox, number: int = -1) -> str:
    part = inbox.mails[number].get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def approval() -> ApprovalRequested:
    return ApprovalRequested(
        id="u1/w1-1:ask:0:0:u1",
        owner="u1",
        at=NOON,
        name="Deploy / ask",
        message="",
        is_reminder=False,
        decide_until=None,
    )


async def wait_until_due(working: Desk, *numbers: int, at: datetime = NOON) -> None:
    """Let these tasks fail, one a minute, and be collected."""
    for minute, number in enumerate(numbers):
        moment = at + minute * MINUTE
        await tell(working.database, failure(number, at=moment), at=moment)
        assert await working.work_at(moment) == []


async def test_one_mail_a_day_tells_of_all(database: Database, alice: User) -> None:
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2, 3)
        assert await working.work_at(DUE - A_MOMENT) == []
        assert await working.work_at(DUE) == ['Task "Task 3" has failed, and 2 more']
        assert await working.work_at(DUE + 3 * HOUR) == []
        assert len(working.inbox.mails) == 1
        text = text_of(working.inbox)
    assert "You have 3 notifications. 3 failures." in text
    for number, minute in ((1, "12:00"), (2, "12:01"), (3, "12:02")):
        assert f'22 Nov {minute}:    Task "Task {number}" has failed.' in text
    assert "https://tocsin.example/#/notifications" in text
    assert "Times are those of Europe/Berlin." in text
    assert set((await states(database)).values()) == {"DELIVERED", "SUPERSEDED"}
    assert (await stored(database, DIGEST))["text"] == text.replace("\r\n", "\n")


@pytest.mark.parametrize("others", [0, 6])
async def test_all_news_of_one_task_are_in_it(database: Database, alice: User, others: int) -> None:
    """They wait for each other, also while the first of them joins the digest."""
    await choose_daily(database)
    async with desk(database) as working:
        for incident in range(4):
            await tell(database, failure(1, incident=incident), at=NOON)
            assert await working.work_at(NOON + incident * MINUTE) == []
        await wait_until_due(working, *range(2, 2 + others))
        assert len(await working.work_at(DUE)) == 1
        assert f"You have {4 + others} notifications." in text_of(working.inbox)
        assert "4 times since" in text_of(working.inbox)
        assert await working.work_at(DUE + 2 * HOUR) == []
    assert set((await states(database)).values()) == {"DELIVERED", "SUPERSEDED"}


async def test_each_period_has_its_own(database: Database, alice: User) -> None:
    await choose(database, digest=digest("HOURLY"))
    async with desk(database) as working:
        await wait_until_due(working, 1)
        assert await working.work_at(NOON + HOUR) == ['Task "Task 1" has failed']
        await wait_until_due(working, 2, at=NOON + HOUR + A_MOMENT)
        assert await working.work_at(NOON + 2 * HOUR) == ['Task "Task 2" has failed']
        assert await working.work_at(NOON + 3 * HOUR) == []


@pytest.mark.parametrize(
    ("happened", "due"),
    [("2026-03-28T12:00", "2026-03-29T06:00"), ("2026-10-24T12:00", "2026-10-25T07:00")],
)
async def test_the_hour_is_that_of_the_clock_where_clocks_change(
    database: Database, alice: User, happened: str, due: str
) -> None:
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, at=utc(happened))
        assert await working.work_at(utc(due) - A_MOMENT) == []
        assert await working.work_at(utc(due)) == ['Task "Task 1" has failed']


async def test_a_digest_waits_for_the_end_of_quiet_hours(database: Database, alice: User) -> None:
    await choose_night(database)
    await choose(database, digest=digest("DAILY", 6))
    async with desk(database) as working:
        await wait_until_due(working, 1)
        assert await working.work_at(DUE - 2 * HOUR) == []
        assert await working.work_at(DUE - HOUR) == ['Task "Task 1" has failed']


async def test_what_is_urgent_is_mailed_at_once(database: Database, alice: User) -> None:
    await choose_daily(database, "BEGAN_FAILING")
    changed = PasswordChanged.from_user(alice, NOON, "")
    async with desk(database) as working:
        await tell(database, failure(1, stage=0), changed, approval(), failure(2), at=NOON)
        sent = await working.work_at(NOON)
    assert sorted(sent) == [
        "Deploy / ask is waiting for your decision",
        'Task "Task 1" has started failing',
        "Your password was changed",
    ]


async def test_a_failing_mail_server_gets_the_same_digest_again(database: Database, alice: User) -> None:
    """What happens meanwhile is told by the next one."""
    await choose_daily(database)
    async with desk(database, Inbox(data="451 later")) as working:
        await wait_until_due(working, 1, 2)
        assert await working.work_at(DUE) == []
        await wait_until_due(working, 3, at=DUE + A_MOMENT)
        working.inbox.data = "250 OK"
        assert await working.work_at(DUE + HOUR) == ['Task "Task 2" has failed, and 1 more']
        assert await working.work_at(DUE + 24 * HOUR) == ['Task "Task 3" has failed']


async def test_what_it_told_of_learns_it_by_itself_after_a_crash(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_given: Any) -> None:
        return

    monkeypatch.setattr("tocsin.notifications.delivery_attempts.finish_collected", die)
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2)
        assert len(await working.work_at(DUE)) == 1
        assert sorted((await states(database)).values()) == ["DELIVERED", "QUEUED", "QUEUED"]
        assert await working.work_at(DUE + 2 * HOUR) == []
        assert sorted((await states(database)).values()) == ["DELIVERED", "SUPERSEDED", "SUPERSEDED"]


@asynccontextmanager
async def dying_before_write(number: int) -> AsyncIterator[asyncio.Event]:
    """Stop for good before the nth write of the block, as a process that is killed. Sets the event that is yielded."""
    died, count = asyncio.Event(), itertools.count()
    write, insert = AsyncCollection.bulk_write, AsyncCollection.insert_many

    async def die_in_time() -> None:
        if next(count) >= number:
            died.set()
            await asyncio.Event().wait()

    async def write_or_die(*given: Any, **options: Any) -> Any:
        await die_in_time()
        return await write(*given, **options)

    async def insert_or_die(*given: Any, **options: Any) -> Any:
        await die_in_time()
        return await insert(*given, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCollection, "bulk_write", write_or_die)
        patch.setattr(AsyncCollection, "insert_many", insert_or_die)
        yield died


async def work_until_death(working: Desk, moment: datetime, number: int) -> bool:
    """Let the process die before its nth write, and return whether it had so many."""
    async with dying_before_write(number) as died:
        work, death = asyncio.create_task(working.work_at(moment)), asyncio.create_task(died.wait())
        await asyncio.wait((work, death), return_when=asyncio.FIRST_COMPLETED)
        await cancel_and_wait(work, death)
    return died.is_set()


async def test_a_crash_before_any_write_loses_and_repeats_nothing(database: Database, alice: User) -> None:
    """From the moment at which the digest is due, a process dies before its nth write, and another one takes over.

    A mail that was sent before its outcome was written is sent again, with the same Message-ID.
    """
    for number in itertools.count():
        await database.deliveries.delete_many({})
        await choose_daily(database)
        async with desk(database) as working:
            await wait_until_due(working, 1, 2, 3)
            has_died = await work_until_death(working, DUE, number)
            for minutes in (2, 70, 140, 24 * 60 + 5, 26 * 60):
                await working.work_at(DUE + minutes * MINUTE)
            mails = [(mail["Message-ID"], text_of(working.inbox, at)) for at, mail in enumerate(working.inbox.mails)]
        for task in (1, 2, 3):
            assert len({name for name, text in mails if f'"Task {task}"' in text}) == 1, (number, task, mails)
        assert "QUEUED" not in (await states(database)).values(), number
        if not has_died:
            break
    assert number > 8


async def test_two_processes_make_one_digest(database: Database, alice: User) -> None:
    await choose_daily(database)
    inbox = Inbox()
    async with desk(database, inbox) as one, desk(database, inbox) as other:
        await wait_until_due(one, *range(1, 20))
        await asyncio.gather(one.work_at(DUE), other.work_at(DUE))
        for minutes in (70, 140, 24 * 60 + 5):
            await asyncio.gather(one.work_at(DUE + minutes * MINUTE), other.work_at(DUE + minutes * MINUTE))
    told = [[task for task in range(1, 20) if f'"Task {task}"' in text_of(inbox, at)] for at in range(len(inbox.mails))]
    assert sorted(itertools.chain(*told)) == list(range(1, 20))
    assert len(told) == 1


async def test_a_digest_tells_of_what_another_process_only_looks_at(database: Database, alice: User) -> None:
    """It looks whether the digest that the delivery has joined was sent."""
    await choose_daily(database)
    late = DUE + 70 * MINUTE
    async with desk(database) as working:
        await wait_until_due(working, 1, 2)
        joined = {"digest": DIGEST, "next_try_at": DUE + HOUR}
        await database.deliveries.update_many({}, {"$set": joined})
        await collection.open_digest(database, "u1", DUE, DUE)
        claimed = {"claim": "another", "lease_until": late + MINUTE, "next_try_at": late + MINUTE}
        await database.deliveries.update_one({"_id": failure(1, at=NOON).id}, {"$set": claimed})
        assert await working.work_at(late) == ['Task "Task 2" has failed, and 1 more']


async def test_what_a_digest_cannot_hold_is_told_by_the_next(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "MAX_COLLECTED", 2)
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2, 3)
        first = await working.work_at(DUE)
        assert await working.work_at(DUE + 2 * HOUR) == []
        second = await working.work_at(DUE + 24 * HOUR)
    assert sorted(len(each) for each in (first, second)) == [1, 1]
    assert first[0].endswith("and 1 more")
    assert second[0] in [f'Task "Task {number}" has failed' for number in (1, 2, 3)]


async def test_who_wants_all_at_once_again_gets_what_waits(database: Database, alice: User) -> None:
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2)
        await change_preferences(database, "u1", {"digest": None})
        await release_held(database, "u1", NOON + HOUR)
        assert sorted(await working.work_at(NOON + HOUR)) == ['Task "Task 1" has failed', 'Task "Task 2" has failed']
        assert await working.work_at(DUE) == []


async def test_who_wants_digests_from_now_on_gets_what_waits_in_one(database: Database, alice: User) -> None:
    await choose_night(database)
    night = DUE - 9 * HOUR
    async with desk(database) as working:
        await tell(database, failure(1), failure(2), at=night)
        assert await working.work_at(night) == []
        await change_preferences(database, "u1", {"digest": digest("DAILY", 8)})
        await release_held(database, "u1", night)
        assert await working.work_at(DUE - HOUR) == []
        assert [each.partition(",")[2] for each in await working.work_at(DUE)] == [" and 1 more"]


async def test_what_is_muted_or_off_by_then_is_left_out(database: Database, alice: User) -> None:
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2, 3)
        await choose(database, "u1/t1", muted=True)
        await choose(database, "u1/t2", kinds=["BEGAN_FAILING"])
        assert await working.work_at(DUE) == ['Task "Task 3" has failed']
        await working.work_at(DUE + 2 * HOUR)
    assert sorted((await states(database)).values()) == ["DELIVERED", "SUPERSEDED", "SUPPRESSED", "SUPPRESSED"]


async def test_a_digest_of_which_nothing_is_left_is_not_sent(database: Database, alice: User) -> None:
    await choose_daily(database)
    async with desk(database) as working:
        await wait_until_due(working, 1)
        await database.deliveries.update_one({"_id": failure(1).id}, {"$set": {"digest": DIGEST}})
        await collection.open_digest(database, "u1", DUE, DUE)
        await choose(database, "u1/t1", muted=True)
        assert await working.work_at(DUE) == []
        assert (await states(database))[DIGEST] == "SUPERSEDED"


async def test_what_has_recovered_is_last_and_says_so(database: Database, alice: User) -> None:
    await choose_daily(database)
    await recover(database, 2)
    async with desk(database) as working:
        await wait_until_due(working, 1, 2)
        assert await working.work_at(DUE) == ['Task "Task 1" has failed, and 1 more']
        assert 'Task "Task 2" has failed (it works again).' in text_of(working.inbox)
