"""Kinds of mails that are turned off and on again, in a real database."""

import asyncio

import pytest

from tocsin.documents import Database
from tocsin.notifications.events import ACCOUNT_EVENTS, EventKind
from tocsin.notifications.preferences.unsubscribe import (
    OPTIONAL_MAILS,
    describe_kind,
    find_mails_off,
    turn_mails_off,
    turn_mails_on,
)

BEGAN, FAILED, APPROVAL = EventKind.BEGAN_FAILING, EventKind.FAILED_FOR_GOOD, EventKind.APPROVAL


async def test_mails_are_on_until_they_are_turned_off_and_on_again(database: Database) -> None:
    assert await find_mails_off(database, "u1") == set()
    assert await turn_mails_off(database, "u1", [BEGAN]) == [BEGAN]
    assert await turn_mails_off(database, "u1", [BEGAN, APPROVAL]) == [APPROVAL]
    assert await turn_mails_off(database, "u1", [BEGAN]) == []
    assert await find_mails_off(database, "u1") == {BEGAN, APPROVAL}
    assert await find_mails_off(database, "u2") == set()
    await turn_mails_on(database, "u1", [BEGAN, FAILED])
    await turn_mails_on(database, "u2", [BEGAN])
    assert await find_mails_off(database, "u1") == {APPROVAL}
    (stored,) = await database.notification_preferences.find({}).to_list()
    assert stored == {"_id": "u1", "owner": "u1", "mail_off": [APPROVAL]}


async def test_what_else_is_preferred_stays(database: Database) -> None:
    await database.db["notification_preferences"].insert_one({"_id": "u1", "owner": "u1", "digest": "DAILY"})
    await turn_mails_off(database, "u1", [BEGAN])
    await turn_mails_on(database, "u1", [BEGAN])
    stored = await database.db["notification_preferences"].find_one({"_id": "u1"})
    assert stored == {"_id": "u1", "owner": "u1", "digest": "DAILY", "mail_off": []}


async def test_clicks_at_the_same_time_lose_nothing(database: Database) -> None:
    await asyncio.gather(*(turn_mails_off(database, "u1", [kind]) for kind in sorted(OPTIONAL_MAILS) * 2))
    stored = await database.notification_preferences.find_one({"_id": "u1"})
    assert stored is not None
    assert sorted(stored["mail_off"]) == sorted(OPTIONAL_MAILS)


async def test_mails_about_the_account_cannot_be_turned_off(database: Database) -> None:
    assert await turn_mails_off(database, "u1", list(EventKind)) == sorted(OPTIONAL_MAILS)
    assert set(EventKind) - ACCOUNT_EVENTS == OPTIONAL_MAILS


@pytest.mark.parametrize("kind", sorted(OPTIONAL_MAILS))
def test_each_kind_is_described(kind: EventKind) -> None:
    assert kind not in describe_kind(kind)
