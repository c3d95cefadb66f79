"""The channels that preferences and rules name over the API, when some of them are deleted."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.notifications.helpers import owner_of
from tests.graphql.notifications.test_preferences import add_channel, faults, read, rule_of, set_rule, update
from tocsin.graphql.ids import decode_id
from tocsin.notifications.channel_changes import delete_channel
from tocsin.notifications.preferences import store

DELETE_CHANNEL = "mutation($id: ID!) { deleteNotificationChannel(input: {id: $id}) { userErrors { message } } }"


def night(*channels: str) -> Any:
    return {"from": "22:00", "to": "07:00", "days": ["MONDAY"], "exceptKinds": [], "exceptChannelIds": list(channels)}


async def send_back(who: Caller, task: str) -> tuple[Any, Any]:
    """Send back the quiet hours and the rule as they are read, and return the faults of both."""
    quiet, rule = (await read(who))["quietHours"], await rule_of(who, task)
    return faults(await update(who, quietHours=quiet)), faults(await set_rule(who, task, **rule))


async def test_what_is_read_after_a_channel_was_deleted_can_be_sent_back(api: Api) -> None:
    task, other = await api.alice.create(), await api.alice.create()
    gone, kept = await add_channel(api.alice), await add_channel(api.alice)
    await update(api.alice, quietHours=night(gone, kept))
    await set_rule(api.alice, task, channelIds=[gone, kept])
    await set_rule(api.alice, other, channelIds=[gone])
    await api.alice.ask(DELETE_CHANNEL, id=gone)
    assert (await read(api.alice))["quietHours"] == night(kept)
    assert (await rule_of(api.alice, task))["channelIds"] == [kept]
    assert (await rule_of(api.alice, other))["channelIds"] is None
    assert await send_back(api.alice, task) == ([], [])
    assert await send_back(api.alice, other) == ([], [])


async def test_channels_that_do_not_exist_are_not_shown(api: Api) -> None:
    """As a process that died left them."""
    task, other, kept = await api.alice.create(), await api.alice.create(), await add_channel(api.alice)
    await update(api.alice, quietHours=night(kept))
    await set_rule(api.alice, task, channelIds=[kept])
    await set_rule(api.alice, other, channelIds=[kept])
    gone, documents = f"{owner_of(api.alice)}/gone", api.database.notification_preferences
    await documents.update_one({"quiet_hours": {"$ne": None}}, {"$push": {"quiet_hours.except_channels": gone}})
    await documents.update_one({"_id": decode_id(task, "")[1]}, {"$push": {"channels": gone}})
    await documents.update_one({"_id": decode_id(other, "")[1]}, {"$set": {"channels": [gone]}})
    assert (await read(api.alice))["quietHours"] == night(kept)
    assert (await rule_of(api.alice, task))["channelIds"] == [kept]
    assert (await rule_of(api.alice, other))["channelIds"] is None
    assert await send_back(api.alice, task) == ([], [])


async def test_a_channel_that_is_deleted_while_it_is_named_is_forgotten(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, gone = await api.alice.create(), await add_channel(api.alice)
    change_rule = store.change_rule

    async def delete_before(*given: Any) -> Any:
        channel = await api.database.notification_channels.find_one({"_id": decode_id(gone, "")[1]})
        assert channel is not None
        await delete_channel(api.database, channel)
        return await change_rule(*given)

    monkeypatch.setattr(store, "change_rule", delete_before)
    changed = await set_rule(api.alice, task, channelIds=[gone])
    assert (changed["notificationRule"]["channelIds"], changed["userErrors"]) == (None, [])
    stored = await api.database.notification_preferences.find_one({"_id": decode_id(task, "")[1]})
    assert stored is not None
    assert stored["channels"] is None
