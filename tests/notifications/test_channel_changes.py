"""Changes of stored channels, and races between them and what attempts find out."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import BOX, CHANNEL, RULES, add_channel, stored_channel
from tests.notifications.helpers import START
from tests.notifications.samples import failed_run
from tocsin.documents import Database, NotificationChannel
from tocsin.errors import Conflict, NotFound
from tocsin.notifications import channel_health
from tocsin.notifications.account_events import ChannelDisabled, QuotaMet
from tocsin.notifications.channel_changes import MAX_CHANNELS, ChannelUpdate, update_channel
from tocsin.notifications.channel_store import find_channel, find_takers, list_channels, takes_event
from tocsin.notifications.channels.base import DeliveryRefused, DeliveryUnavailable
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.run_events import TaskFailure

URL = "https://hooks.example.org/in/c0ffee"
FAILURE = TaskFailure.from_run(failed_run())


async def failures(database: Database, channel: Any, *ages: timedelta, wait: timedelta | None = None) -> None:
    for age in ages:
        error = DeliveryUnavailable("It is down.", wait)
        await channel_health.record_failure(database, channel, error, START + age)


async def test_secrets_are_stored_sealed_for_their_channel(database: Database) -> None:
    channel = await add_channel(database, URL)
    assert set(channel["sealed"]) == {"url", "signing_key"}
    assert await BOX.unseal(channel["sealed"]["url"], CHANNEL) == URL
    assert "c0ffee" not in str(channel)
    assert NotificationChannel.model_validate(channel).id == CHANNEL


async def test_channels_that_are_created_at_the_same_time_do_not_exceed_the_maximum(database: Database) -> None:
    made = [add_channel(database, URL, f"u1/{number:02}") for number in range(MAX_CHANNELS + 5)]
    results = await asyncio.gather(*made, return_exceptions=True)
    stored = await list_channels(database, "u1")
    assert len(stored) <= MAX_CHANNELS
    assert all(isinstance(each, Conflict) for each in results if isinstance(each, BaseException))
    refused = sum(isinstance(each, BaseException) for each in results)
    assert len(stored) + refused == MAX_CHANNELS + 5


async def test_a_channel_is_found_by_its_owner_only(database: Database) -> None:
    await add_channel(database, URL)
    assert (await find_channel(database, "u1", CHANNEL))["name"] == "Ops"
    for owner, channel in (("u2", CHANNEL), ("u1", "u1/c9")):
        with pytest.raises(NotFound):
            await find_channel(database, owner, channel)


async def test_two_changes_of_one_version_do_not_overwrite_each_other(database: Database) -> None:
    channel = await add_channel(database, URL)
    await update_channel(database, BOX, channel, ChannelUpdate(name="First"), RULES)
    with pytest.raises(Conflict):
        await update_channel(database, BOX, channel, ChannelUpdate(name="Second"), RULES)
    assert (await stored_channel(database))["name"] == "First"


async def test_what_an_attempt_with_earlier_settings_finds_out_does_not_count(database: Database) -> None:
    channel = await add_channel(database, URL)
    given = ("webhook", {"url": "https://other.example.org/"})
    changed = await update_channel(database, BOX, channel, ChannelUpdate(given=given), RULES)
    await channel_health.disable(database, channel, "It is gone.", START)
    await failures(database, channel, timedelta(), channel_health.FAILING_PERIOD)
    await channel_health.record_success(database, channel, START)
    assert await stored_channel(database) == changed
    assert await database.deliveries.count_documents({}) == 0


async def test_an_owner_is_told_once_for_each_revision(database: Database) -> None:
    channel = await add_channel(database, URL)
    for _ in range(2):
        await channel_health.disable(database, channel, "It is gone.", START)
    assert await database.deliveries.count_documents({}) == 1
    again = await update_channel(database, BOX, await stored_channel(database), ChannelUpdate(is_enabled=True), RULES)
    await channel_health.disable(database, again, "It is gone.", START)
    assert await database.deliveries.count_documents({"kind": "CHANNEL_DISABLED"}) == 2


async def test_a_failing_channel_is_left_alone_for_as_long_as_it_has_failed(database: Database) -> None:
    channel = await add_channel(database, URL)
    for age, rest in (
        (timedelta(), FIRST_RETRY_DELAY),
        (timedelta(seconds=40), timedelta(seconds=40)),
        (timedelta(minutes=5), timedelta(minutes=5)),
        (timedelta(hours=5), MAX_RETRY_DELAY),
    ):
        await failures(database, channel, age)
        channel = await stored_channel(database)
        assert channel["retry_at"] - (START + age) == rest
    assert channel["failing_since"] == START
    await failures(database, channel, timedelta(hours=6), wait=timedelta(hours=9))
    assert (await stored_channel(database))["retry_at"] == START + timedelta(hours=15)


@pytest.mark.parametrize(("days", "is_enabled"), [((0, 3), True), ((0, 1, 2, 3), False), ((0, 1, 3, 4), True)])
async def test_refusals_disable_a_channel_only_if_it_was_tried_in_between(
    database: Database, days: tuple[int, ...], is_enabled: bool
) -> None:
    await add_channel(database, URL)
    for day in days:
        error, at = DeliveryRefused("No."), START + timedelta(days=day)
        await channel_health.record_failure(database, await stored_channel(database), error, at)
    channel = await stored_channel(database)
    assert channel["is_enabled"] == is_enabled
    assert channel["retry_at"] <= at


async def test_a_failure_after_a_long_silence_begins_anew(database: Database) -> None:
    await add_channel(database, URL)
    for age in (timedelta(), channel_health.FAILING_PERIOD):
        await failures(database, await stored_channel(database), age)
    channel = await stored_channel(database)
    assert (channel["is_enabled"], channel["failing_since"]) == (True, START + channel_health.FAILING_PERIOD)


async def test_only_enabled_channels_of_the_owner_take_events_they_want(database: Database) -> None:
    await add_channel(database, URL)
    await add_channel(database, URL, "u1/c2", events=["APPROVAL"])
    await add_channel(database, URL, "u1/c3", is_enabled=False)
    await add_channel(database, URL, "u2/c4")
    takers = await find_takers(database, {"u1", "u3"})
    assert {channel["_id"] for channel in takers.pop("u1")} == {CHANNEL, "u1/c2"}
    assert takers == {}


async def test_what_a_channel_takes(database: Database) -> None:
    every, some = await add_channel(database, URL), await add_channel(database, URL, "u1/c2", events=["QUOTA_MET"])
    quota = QuotaMet.from_quotas("u1", ["1 of 1"], START)
    assert [takes_event(every, FAILURE), takes_event(some, FAILURE)] == [True, False]
    assert [takes_event(every, quota), takes_event(some, quota)] == [True, True]
    own = ChannelDisabled.from_channel(every, "It is gone.", START)
    other = ChannelDisabled.from_channel(some, "It is gone.", START)
    assert [takes_event(every, own), takes_event(every, other)] == [False, True]
