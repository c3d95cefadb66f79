"""Channels that are deleted are taken from the preferences and rules of their owner, whoever dies meanwhile."""

from typing import Any

import pytest
from pymongo.asynchronous.collection import AsyncCollection

from tests.notifications.channel_helpers import add_channel
from tests.notifications.live.helpers import Killed
from tests.notifications.preferences.helpers import NIGHT, choose, choose_night, failure
from tocsin.documents import Database
from tocsin.notifications.channel_changes import delete_channel
from tocsin.notifications.deliveries import notify
from tocsin.notifications.preferences import named_channels
from tocsin.notifications.preferences.named_channels import forget_channels

URL = "https://hooks.example.org/x"


async def stored(database: Database) -> dict[str, Any]:
    """Return the channels that each document names: those of a rule, and those that quiet hours except."""
    found = database.notification_preferences.find({})
    return {
        each["_id"]: each.get("channels") if each.get("quiet_hours") is None else each["quiet_hours"]["except_channels"]  # type: ignore[index]
        async for each in found
    }


async def test_the_last_channel_of_a_rule_leaves_all_of_them_and_none_stay_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_channels, "_BATCH", 2)
    await choose_night(database, except_channels=["u1/a", "u1/b"])
    await choose(database, "u1/t1", channels=["u1/b", "u1/a"], muted=True)
    await choose(database, "u1/t2", channels=["u1/a"])
    await choose(database, "u1/t3", channels=[])
    await choose(database, "u1/t4", kinds=["RUN_MISSED"])
    await choose(database, "u2/t1", channels=["u1/a"])
    for _ in range(2):
        await forget_channels(database, "u1", ["u1/a"])
        assert await stored(database) == {
            "u1": ["u1/b"], "u1/t1": ["u1/b"], "u1/t2": None, "u1/t3": [], "u1/t4": None, "u2/t1": ["u1/a"],
        }  # fmt: skip
    preferences = await database.notification_preferences.find_one({"_id": "u1"})
    assert preferences is not None
    assert preferences["quiet_hours"] == {**NIGHT.to_document(), "except_channels": ["u1/b"]}
    rule = await database.notification_preferences.find_one({"_id": "u1/t1"})
    assert rule is not None
    assert rule["muted"] is True


async def test_who_was_only_told_by_a_channel_that_is_gone_is_told_by_the_others(database: Database) -> None:
    only = await add_channel(database, URL, "u1/only")
    await add_channel(database, URL, "u1/other")
    await choose(database, "u1/t1", channels=["u1/only"], mailed=False)
    await delete_channel(database, only)
    await notify(database, [failure(1)])
    found = database.deliveries.find({"status": "QUEUED"})
    assert [each.get("channel") async for each in found] == ["u1/other"]


async def die(*_: Any) -> None:
    raise Killed


@pytest.mark.parametrize("write", ["bulk_write", "delete_one"])
async def test_who_dies_while_deleting_a_channel_can_do_it_again(database: Database, write: str) -> None:
    channel = await add_channel(database, URL, "u1/a")
    await choose_night(database, except_channels=["u1/a"])
    await choose(database, "u1/t1", channels=["u1/a"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AsyncCollection, write, die)
        with pytest.raises(Killed):
            await delete_channel(database, channel)
    assert await database.notification_channels.count_documents({}) == 1
    await delete_channel(database, channel)
    assert await database.notification_channels.count_documents({}) == 0
    assert await stored(database) == {"u1": [], "u1/t1": None}
