"""How a notification was delivered, by mail and to channels, with its attempts."""

from datetime import datetime, timedelta
from typing import Any

from tests.commands import CommandLog, logged
from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import T0, Api, Caller, served_api
from tests.graphql.notifications.helpers import owner_of
from tests.graphql.notifications.test_preferences import add_channel
from tocsin.config import Settings
from tocsin.documents import Database, to_global_id
from tocsin.graphql import ids
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.deliveries import delivery_id, notify

LIST = """{ notifications(first: 20) { nodes { id deliveries {
  id isMail event status queuedAt deliveredAt lastError attempts { at error wasReceived } channel { id name } } } } }"""
NODE = "query($id: ID!) { node(id: $id) { ... on NotificationDelivery { id isMail status } } }"
RETRY = """mutation($id: ID!) { retryNotificationDelivery(input: { id: $id }) {
  notificationDelivery { id status lastError canRetry retriedAt nextTryAt attempts { error } }
  userErrors { code field } } }"""
REFUSED = "550 5.1.1 No such user"


async def deliveries_of(who: Caller, number: int = 0) -> Any:
    return (await who.ask(LIST))["notifications"]["nodes"][number]["deliveries"]


async def quota_met(who: Caller, api: Api, at: datetime = T0) -> QuotaMet:
    event = QuotaMet.from_quotas(owner_of(who), ["10 runs"], at)
    await notify(api.database, [event])
    return event


async def test_each_attempt_by_mail_and_to_a_channel_is_shown(api: Api) -> None:
    channel = await add_channel(api.alice)
    event = await quota_met(api.alice, api)
    attempt = {"at": T0, "error": REFUSED}
    failed = {"status": "FAILED", "attempts": [attempt], "last_error": REFUSED, "tries": 1}
    await api.database.deliveries.update_one({"_id": event.id}, {"$set": failed})
    mail, other = await deliveries_of(api.alice)
    assert (mail["isMail"], mail["channel"], mail["event"], mail["status"]) == (True, None, "QUOTA_MET", "FAILED")
    assert mail["attempts"] == [{"at": "2026-03-01T12:00:00Z", "error": REFUSED, "wasReceived": None}]
    assert (other["isMail"], other["channel"]["id"], other["status"]) == (False, channel, "QUEUED")
    assert (await api.alice.ask(NODE, id=mail["id"]))["node"] == {"id": mail["id"], "isMail": True, "status": "FAILED"}


async def test_nobody_sees_deliveries_of_others_nor_mails_that_are_no_notification(api: Api) -> None:
    await add_channel(api.alice)
    event = await quota_met(api.alice, api)
    mail, _ = await deliveries_of(api.alice)
    assert (await api.bob.ask(NODE, id=mail["id"]))["node"] is None
    await api.database.deliveries.update_one({"_id": event.id}, {"$set": {"owner": owner_of(api.bob)}})
    assert [each["isMail"] for each in await deliveries_of(api.alice)] == [False]
    for kind in ("DIGEST", "JOB", "PASSWORD_RESET"):
        change = {"$set": {"owner": owner_of(api.alice), "kind": kind}}
        await api.database.deliveries.update_one({"_id": event.id}, change)
        assert (await api.alice.ask(NODE, id=to_global_id("NotificationDelivery", event.id)))["node"] is None


async def test_each_notification_has_its_own(api: Api) -> None:
    channel = await add_channel(api.alice)
    events = [await quota_met(api.alice, api, at=T0 + timedelta(days=day)) for day in range(3)]
    nodes = (await api.alice.ask(LIST))["notifications"]["nodes"]
    shown = {each["id"]: [one["id"] for one in each["deliveries"]] for each in nodes}
    stored = ids.decode_as("NotificationChannel", channel, "id") or ""
    assert shown == {
        to_global_id("Notification", event.id): [
            to_global_id("NotificationDelivery", delivery_id(event.id, name)) for name in ("mail", stored)
        ]
        for event in events
    }


async def test_a_list_reads_all_deliveries_at_once(database: Database, settings: Settings) -> None:
    log, counts = CommandLog(), []
    async with logged(database, log) as connection, served_api(connection, settings) as api:
        await add_channel(api.alice)
        for days in (range(1), range(1, 10)):
            for day in days:
                await quota_met(api.alice, api, at=T0 + timedelta(days=day))
            log.commands.clear()
            nodes = (await api.alice.ask(LIST))["notifications"]["nodes"]
            assert [len(each["deliveries"]) for each in nodes] == [2] * days.stop
            counts.append(log.count("deliveries", "notification_channels"))
    assert counts == [{"find deliveries": 1, "find notification_channels": 2}] * 2


async def add_failed(api: Api) -> tuple[str, Any]:
    """Return the ID of a delivery to a channel of alice that has failed, and the event of which it tells."""
    await add_channel(api.alice)
    event = await quota_met(api.alice, api)
    failed = {"status": "FAILED", "attempts": [{"at": T0, "error": REFUSED}], "last_error": REFUSED, "tries": 1}
    await api.database.deliveries.update_many({}, {"$set": failed})
    return (await deliveries_of(api.alice))[1]["id"], event


async def test_a_failed_one_is_sent_again(api: Api) -> None:
    failed, _ = await add_failed(api)
    listed = await api.alice.ask("{ notifications { nodes { deliveries { isMail canRetry } } } }")
    mail_and_channel = [{"isMail": True, "canRetry": False}, {"isMail": False, "canRetry": True}]
    assert listed["notifications"]["nodes"][0]["deliveries"] == mail_and_channel
    woken: list[Any] = []
    with api.database.deliveries_queued.connected(woken.append):
        answer = (await api.alice.ask(RETRY, id=failed))["retryNotificationDelivery"]
    shown, at = answer["notificationDelivery"], answer["notificationDelivery"]["retriedAt"]
    assert shown == {
        "id": failed, "status": "QUEUED", "lastError": None, "canRetry": False, "retriedAt": at, "nextTryAt": at,
        "attempts": [{"error": REFUSED}],
    }  # fmt: skip
    assert woken == [{owner_of(api.alice)}]
    again = (await api.alice.ask(RETRY, id=failed))["retryNotificationDelivery"]
    assert again == {"notificationDelivery": None, "userErrors": [{"code": "CONFLICT", "field": ["id"]}]}


async def test_a_mail_is_not_sent_again(api: Api) -> None:
    _, event = await add_failed(api)
    mail = to_global_id("NotificationDelivery", event.id)
    answer = (await api.alice.ask(RETRY, id=mail))["retryNotificationDelivery"]
    assert answer == {"notificationDelivery": None, "userErrors": [{"code": "CONFLICT", "field": ["id"]}]}
    wrong = (await api.alice.ask(RETRY, id="x"))["retryNotificationDelivery"]
    assert [each["field"] for each in wrong["userErrors"]] == [["id"]]


async def test_retries_are_limited(api: Api) -> None:
    failed, _ = await add_failed(api)
    answers = [await api.alice.post(RETRY, {"id": failed}) for _ in range(31)]
    codes = [error["extensions"]["code"] for each in answers for error in each.get("errors", [])]
    assert codes == ["RATE_LIMITED"]
    assert (await api.bob.ask(RETRY, id=failed))["retryNotificationDelivery"]["userErrors"][0]["code"] == "NOT_FOUND"


async def test_a_token_that_cannot_read_sends_nothing_again(api: Api) -> None:
    failed, _ = await add_failed(api)
    answer = await (await create_program(api, api.alice, "WRITE")).post(RETRY, {"id": failed})
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
    both = await create_program(api, api.alice, "READ", "WRITE")
    assert (await both.ask(RETRY, id=failed))["retryNotificationDelivery"]["userErrors"] == []
