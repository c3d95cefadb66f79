"""Limits on the mails to one mailbox: exact over any span, and shared by several processes."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.documents import Database
from tocsin.outbound.mail_limits import (
    MailClass,
    MailLimit,
    MailLimiter,
    MailLimitReached,
    RecipientLimits,
    normalize_mailbox,
)

START = datetime(2099, 11, 22, 9, 0, tzinfo=UTC)
"""A Sunday far ahead: the database deletes counters of mails once their time is over by its own clock."""
HOURLY = MailLimit("reset", 3, timedelta(hours=1))
BOX = "alice@example.org"


async def taken(limiter: MailLimiter, minutes: float, *limits: MailLimit) -> bool:
    try:
        await limiter.reserve(BOX, *(limits or (HOURLY,)), now=START + timedelta(minutes=minutes))
    except MailLimitReached:
        return False
    return True


async def test_no_span_of_the_period_has_more_than_the_limit(database: Database) -> None:
    limiter = MailLimiter(database)
    times = [minutes for minutes in range(0, 240, 5) if await taken(limiter, minutes)]
    assert times == [0, 5, 10, 60, 65, 70, 120, 125, 130, 180, 185, 190]


async def test_it_says_when_there_is_room_again(database: Database) -> None:
    limiter = MailLimiter(database)
    for minutes in (0, 10, 20):
        assert await taken(limiter, minutes)
    with pytest.raises(MailLimitReached) as caught:
        await limiter.reserve(BOX, HOURLY, now=START + timedelta(minutes=30))
    assert caught.value.until == START + timedelta(hours=1)
    assert str(caught.value) == "3 mails are allowed in an hour, and all of them were sent."


async def test_many_at_once_in_two_processes_get_as_many_places_as_there_are(database: Database) -> None:
    limiters = MailLimiter(database), MailLimiter(database)
    granted = await asyncio.gather(*(taken(limiters[number % 2], number / 1000) for number in range(30)))
    assert sum(granted) == HOURLY.max_mails


async def test_a_mail_that_failed_gives_its_place_back(database: Database) -> None:
    limiter = MailLimiter(database)
    for minutes in range(10):
        place = await limiter.reserve(BOX, HOURLY, now=START + timedelta(minutes=minutes))
        await limiter.release(place)
    assert await taken(limiter, 10)


async def test_a_mail_that_failed_gives_back_no_other_place_of_its_moment(database: Database) -> None:
    limiter = MailLimiter(database)
    first, *_ = [await limiter.reserve(BOX, HOURLY, now=START) for _ in range(HOURLY.max_mails)]
    await limiter.release(first)
    assert [await taken(limiter, 0), await taken(limiter, 0)] == [True, False]


async def test_a_place_that_one_limit_lacks_is_taken_in_none(database: Database) -> None:
    limiter, one = MailLimiter(database), MailLimit("other", 1, timedelta(hours=1))
    assert await taken(limiter, 0, HOURLY, one)
    assert not await taken(limiter, 1, HOURLY, one)
    assert [await taken(limiter, minutes) for minutes in (2, 3, 4)] == [True, True, False]


async def test_a_clock_that_was_ahead_takes_no_places(database: Database) -> None:
    limiter = MailLimiter(database)
    for minutes in (1000, 1001, 1002):
        assert await taken(limiter, minutes)
    assert await taken(limiter, 0)


async def test_what_others_cause_leaves_room_for_notices_and_account_mails(database: Database) -> None:
    limiter, limits = MailLimiter(database), RecipientLimits(8, 2)

    async def sent(kind: MailClass) -> int:
        return sum([await taken(limiter, 0, *limits.limits_for(kind)) for _ in range(20)])

    assert [await sent(kind) for kind in (MailClass.WORK, MailClass.NOTICE, MailClass.ACCOUNT)] == [6, 2, 2]


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Ann@Example.org", "ann@example.org"),
        ("a.n.n+shop@example.org", "ann@example.org"),
        ("+@example.org", "+@example.org"),
        ("b@example.org", "b@example.org"),
    ],
)
def test_spellings_of_one_mailbox_count_together(address: str, mailbox: str) -> None:
    assert normalize_mailbox(address) == mailbox
