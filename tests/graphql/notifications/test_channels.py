"""Notification channels over the API: set up, changed, tried and deleted, with their deliveries and without secrets."""

import asyncio
import json
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs

from tests.graphql.conftest import SECRET, T0, Api, Caller
from tests.notifications.channels.helpers import body_of, headers_of
from tests.notifications.channels.samples import SAMPLES
from tests.outbound.servers import answering, response
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import to_global_id
from tocsin.graphql.notifications.enums import NotificationChannelKind
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.notices import TOLD_EVENTS

OK = response("204 No Content")
FIELDS = """id name kind settings { name value } events isEnabled failingSince lastError lastDeliveredAt disabledAt
  disabledReason createdAt"""
ERRORS = "userErrors { field code message }"
CREATE = f"""mutation($i: CreateNotificationChannelInput!) {{ createNotificationChannel(input: $i) {{
  notificationChannel {{ {FIELDS} }} signingKey {ERRORS} }} }}"""
UPDATE = f"""mutation($i: UpdateNotificationChannelInput!) {{ updateNotificationChannel(input: $i) {{
  notificationChannel {{ {FIELDS} }} {ERRORS} }} }}"""
TEST = f"""mutation($i: NotificationChannelIdInput!) {{ testNotificationChannel(input: $i) {{
  delivered error {ERRORS} }} }}"""
ROTATE = f"""mutation($i: NotificationChannelIdInput!) {{ rotateNotificationChannelKey(input: $i) {{
  notificationChannel {{ id settings {{ name value }} }} signingKey {ERRORS} }} }}"""
DELETE = f"""mutation($i: NotificationChannelIdInput!) {{ deleteNotificationChannel(input: $i) {{
  deletedNotificationChannelId {ERRORS} }} }}"""
DELIVERIES = """query($id: ID!, $first: Int, $after: String) { node(id: $id) { ... on NotificationChannel {
  deliveries(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
    nodes { event subject status queuedAt nextTryAt deliveredAt lastError attempts { at error } } } } } }"""


@pytest.fixture
def settings() -> Settings:
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    networks = [ip_network("127.0.0.0/8")]
    return Settings(
        _env_file=None, jwt_secret=SecretStr(SECRET), encryption_key=SecretStr(key), allowed_networks=networks
    )


async def create(who: Caller, kind: str = "webhook", given: Any = None, **more: Any) -> Any:
    channel = {kind: given or {"url": "https://hooks.example.org/in/c0ffee"}}
    return (await who.ask(CREATE, i={"name": "Ops", "channel": channel, **more}))["createNotificationChannel"]


async def update(who: Caller, changed: Any, **more: Any) -> Any:
    return (await who.ask(UPDATE, i={"id": changed["id"], **more}))["updateNotificationChannel"]


async def call(who: Caller, document: str, channel: Any) -> Any:
    (answer,) = (await who.ask(document, i={"id": channel["id"]})).values()
    return answer


def shown(channel: Any) -> dict[str, Any]:
    return {setting["name"]: setting["value"] for setting in channel["settings"]}


def test_each_kind_and_event_has_a_name_in_the_api() -> None:
    assert {kind.value for kind in NotificationChannelKind} == set(CONFIGURABLE_CHANNELS)
    assert {event.name for event in TOLD_EVENTS} == {
        "BEGAN_FAILING", "FAILED_FOR_GOOD", "APPROVAL", "QUOTA_MET", "REFRESH_TOKEN_REUSED", "PASSWORD_CHANGED",
        "CHANNEL_DISABLED", "TASK_PAUSED", "RUN_MISSED", "WORKFLOW_FINISHED", "WORKFLOW_FAILED", "REPORT_READY",
        "REPLAY_FINISHED", "API_TOKEN_CREATED", "STILL_FAILING", "RECOVERED", "INCIDENT_CLOSED", "ATTEMPT_FAILED",
        "NETWORK_DOWN", "NETWORK_UP", "MAIL_ADDRESS_CHANGED",
    }  # fmt: skip


@pytest.mark.parametrize("kind", SAMPLES)
async def test_each_kind_is_created_and_shows_no_secret(api: Api, kind: str) -> None:
    sample = SAMPLES[kind]
    with capture_logs() as logs:
        made = await create(api.alice, kind, sample.given, events=["APPROVAL", "APPROVAL"])
        assert made["userErrors"] == []
        listed = await api.alice.ask(f"{{ notificationChannels {{ {FIELDS} }} }}")
        found = await api.alice.ask(
            f"query($id: ID!) {{ node(id: $id) {{ ... on NotificationChannel {{ {FIELDS} }} }} }}",
            id=made["notificationChannel"]["id"],
        )
    channel = made["notificationChannel"]
    assert listed["notificationChannels"] == [channel] == [found["node"]]
    assert (channel["kind"], channel["events"], channel["isEnabled"]) == (kind.upper(), ["APPROVAL"], True)
    assert bool(made["signingKey"]) == (kind == "webhook")
    stored = await api.database.notification_channels.find({}).to_list()
    for secret in (*sample.secrets, made["signingKey"] or "never"):
        assert secret not in json.dumps([listed, found, stored, logs], default=str)


async def test_a_secret_url_shows_its_host(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    assert shown(channel) == {
        "formerKeyUntil": None, "oldestKeyUntil": None, "signingKey": "***", "url": "https://hooks.example.org/***"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "given", "more", "path"),
    [
        ("webhook", {"url": "http://example.org/"}, {}, ["channel", "webhook", "url"]),
        ("webhook", {"url": "no url"}, {}, ["channel", "webhook", "url"]),
        ("slack", {"url": "https://example.org/c0ffee"}, {}, ["channel", "slack", "url"]),
        ("telegram", {"token": "c0ffee", "chatId": "1"}, {}, ["channel", "telegram", "token"]),
        ("telegram", {**SAMPLES["telegram"].given, "chatId": "c0ffee c0ffee"}, {}, ["channel", "telegram", "chatId"]),
        ("ntfy", {"topic": "c0ffee c0ffee"}, {}, ["channel", "ntfy", "topic"]),
        ("pagerduty", {"routingKey": "c0ffee"}, {}, ["channel", "pagerduty", "routingKey"]),
        ("pagerduty", {**SAMPLES["pagerduty"].given, "region": "ASIA"}, {}, ["channel", "pagerduty", "region"]),
        ("webhook", SAMPLES["webhook"].given, {"events": []}, ["events"]),
        ("webhook", SAMPLES["webhook"].given, {"name": " "}, ["name"]),
        ("webhook", SAMPLES["webhook"].given, {"name": "a\nb"}, ["name"]),
        ("webhook", SAMPLES["webhook"].given, {"idempotencyKey": ""}, ["idempotencyKey"]),
    ],
)
async def test_wrong_input_is_named_without_quoting_secrets(
    api: Api, kind: str, given: Any, more: Any, path: list[str]
) -> None:
    answer = await create(api.alice, kind, given, **more)
    assert (answer["notificationChannel"], answer["signingKey"]) == (None, None)
    assert [error["field"] for error in answer["userErrors"]] == [path]
    assert "c0ffee" not in answer["userErrors"][0]["message"]
    assert await api.database.notification_channels.count_documents({}) == 0


async def test_all_faults_are_told_together(api: Api) -> None:
    answer = await create(api.alice, "slack", {"url": "https://example.org/"}, name="", events=[])
    assert [error["field"] for error in answer["userErrors"]] == [["name"], ["events"], ["channel", "slack", "url"]]


async def test_a_refused_document_does_not_log_secrets(api: Api) -> None:
    with capture_logs() as logs:
        for channel in ({"webhook": {"url": "https://x.example/c0ffee", "more": 1}}, {"webhook": {"url": ["c0ffee"]}}):
            answer = await api.alice.post(CREATE, {"i": {"name": "x", "channel": channel}})
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "c0ffee" not in json.dumps(logs, default=str)


async def test_a_repeated_creation_returns_the_same_channel(api: Api) -> None:
    first = await create(api.alice, idempotencyKey="k")
    assert await create(api.alice, idempotencyKey="k") == first
    other = await create(api.alice, idempotencyKey="k", name="Other")
    assert [error["code"] for error in other["userErrors"]] == ["IDEMPOTENCY_KEY_REUSED"]
    assert await api.database.notification_channels.count_documents({}) == 1
    await call(api.alice, DELETE, first["notificationChannel"])
    gone = await create(api.alice, idempotencyKey="k")
    assert [error["field"] for error in gone["userErrors"]] == [["idempotencyKey"]]


async def test_calls_with_one_key_at_the_same_time_create_one_channel(api: Api) -> None:
    made = await asyncio.gather(*(create(api.alice, idempotencyKey="k") for _ in range(4)))
    assert all(answer == made[0] for answer in made)
    assert await api.database.notification_channels.count_documents({}) == 1


async def test_an_owner_has_at_most_twenty(api: Api) -> None:
    for _ in range(20):
        assert (await create(api.alice))["userErrors"] == []
    assert [error["code"] for error in (await create(api.alice))["userErrors"]] == ["CONFLICT"]
    assert (await create(api.bob))["userErrors"] == []


async def test_an_update_keeps_what_is_absent_and_the_signing_key(api: Api) -> None:
    made = await create(api.alice, events=["APPROVAL"])
    channel = made["notificationChannel"]
    changed = await update(api.alice, channel, name="New")
    assert changed["notificationChannel"] == {**channel, "name": "New"}
    changed = await update(api.alice, channel, events=None, isEnabled=False)
    assert changed["notificationChannel"] == {**channel, "name": "New", "events": None, "isEnabled": False}
    moved = await update(api.alice, channel, channel={"webhook": {"url": "https://other.example/c0ffee"}})
    assert shown(moved["notificationChannel"])["url"] == "https://other.example/***"
    (stored,) = await api.database.notification_channels.find({}).to_list()
    assert await api.services.secrets.unseal(stored["sealed"]["signing_key"], stored["_id"]) == made["signingKey"]
    assert stored["revision"] == 4


async def test_an_update_of_another_kind_is_refused(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    refused = await update(api.alice, channel, channel={"slack": SAMPLES["slack"].given}, name="")
    assert [error["field"] for error in refused["userErrors"]] == [["channel", "slack"], ["name"]]
    assert (await api.alice.ask("{ notificationChannels { name } }"))["notificationChannels"] == [{"name": "Ops"}]


async def test_a_disabled_channel_is_corrected_and_enabled(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    state: Any = {"is_enabled": False, "disabled_at": T0, "disabled_reason": "It is gone.", "failing_since": T0}
    await api.database.notification_channels.update_one({}, {"$set": state})
    (seen,) = (await api.alice.ask(f"{{ notificationChannels {{ {FIELDS} }} }}"))["notificationChannels"]
    assert (seen["isEnabled"], seen["disabledReason"]) == (False, "It is gone.")
    assert seen["disabledAt"] == seen["failingSince"] == "2026-03-01T12:00:00Z"
    assert (await update(api.alice, channel, isEnabled=True))["notificationChannel"] == channel


async def test_a_test_sends_a_signed_notice_and_tells_the_outcome(api: Api) -> None:
    async with answering(OK, response("500 Oops", b"c0ffee")) as receiver:
        made = await create(api.alice, given={"url": f"{receiver.url}in/c0ffee"})
        channel = made["notificationChannel"]
        assert await call(api.alice, TEST, channel) == {"delivered": True, "error": None, "userErrors": []}
        failed = await call(api.alice, TEST, channel)
    body = Webhook(made["signingKey"]).verify(body_of(receiver.seen[0]), headers_of(receiver.seen[0]))
    assert (body["type"], body["data"]["details"]["channelId"]) == ("channel.test", channel["id"])
    assert failed["delivered"] is False
    assert failed["error"].endswith("answered 500 Internal Server Error.")
    (stored,) = await api.database.notification_channels.find({}).to_list()
    assert stored["last_delivered_at"] is not None
    assert stored["failing_since"] is None


async def test_tests_are_limited(api: Api) -> None:
    codes = []
    async with answering(OK) as receiver:
        channel = (await create(api.alice, given={"url": receiver.url}))["notificationChannel"]
        for _ in range(api.services.settings.attempts_per_address + 1):
            answer = await api.alice.post(TEST, {"i": {"id": channel["id"]}})
            codes += [error["extensions"]["code"] for error in answer.get("errors", [])]
    assert len(receiver.seen) == api.services.settings.attempts_per_address
    assert codes == ["RATE_LIMITED"]


async def test_a_rotation_returns_a_new_key_and_both_sign(api: Api) -> None:
    async with answering(OK) as receiver:
        made = await create(api.alice, given={"url": receiver.url})
        rotated = await call(api.alice, ROTATE, made["notificationChannel"])
        await call(api.alice, TEST, made["notificationChannel"])
    (seen,) = receiver.seen
    assert rotated["signingKey"] != made["signingKey"]
    for key in (rotated["signingKey"], made["signingKey"]):
        Webhook(key).verify(body_of(seen), headers_of(seen))
    assert shown(rotated["notificationChannel"])["formerKey"] == "***"
    slack = (await create(api.alice, "slack", SAMPLES["slack"].given))["notificationChannel"]
    assert [error["field"] for error in (await call(api.alice, ROTATE, slack))["userErrors"]] == [["id"]]


async def test_a_deleted_channel_is_gone(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    assert (await call(api.alice, DELETE, channel))["deletedNotificationChannelId"] == channel["id"]
    for document in (DELETE, TEST, ROTATE):
        assert [error["code"] for error in (await call(api.alice, document, channel))["userErrors"]] == ["NOT_FOUND"]
    assert await api.alice.ask("{ notificationChannels { id } }") == {"notificationChannels": []}


async def test_deliveries_are_listed_in_pages_newest_first(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    (stored,) = await api.database.notification_channels.find({}).to_list()
    await api.database.deliveries.insert_many([_delivery(stored["_id"], number) for number in range(5)])
    await api.database.deliveries.insert_many([_delivery("other/c", number) for number in range(5)])
    subjects, after = [], None
    for _ in range(3):
        page = (await api.alice.ask(DELIVERIES, id=channel["id"], first=2, after=after))["node"]["deliveries"]
        subjects += [delivery["subject"] for delivery in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert subjects == ["4", "3", "2", "1", "0"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (5, False)
    assert page["nodes"] == [
        {
            "event": "APPROVAL", "subject": "0", "status": "QUEUED", "queuedAt": "2026-03-01T12:00:00Z",
            "nextTryAt": "2026-03-01T12:00:00Z", "deliveredAt": None, "lastError": "No.",
            "attempts": [{"at": "2026-03-01T12:00:00Z", "error": "No."}],
        }
    ]  # fmt: skip


def _delivery(channel: str, number: int) -> Any:
    at = T0 + timedelta(minutes=number)
    return {
        "_id": f"x:{number}@{channel}", "owner": "x", "kind": "APPROVAL", "run": None, "subject": str(number),
        "text": "", "status": "QUEUED", "queued_at": at, "next_try_at": at, "channel": channel, "last_error": "No.",
        "attempts": [{"at": T0, "error": "No."}],
    }  # fmt: skip


async def test_a_page_of_deliveries_reads_what_it_contains(api: Api) -> None:
    """However many others there are, the index leads to those of the channel."""
    channel = (await create(api.alice))["notificationChannel"]
    (stored,) = await api.database.notification_channels.find({}).to_list()
    await api.database.deliveries.insert_many([_delivery("other/c", number) for number in range(3_000)])
    await api.database.deliveries.insert_one(_delivery(stored["_id"], 1))
    page = (await api.alice.ask(DELIVERIES, id=channel["id"], first=2))["node"]["deliveries"]
    assert [delivery["subject"] for delivery in page["nodes"]] == ["1"]
    plan = await api.database.db.command(
        "explain", {"find": "deliveries", "filter": {"channel": stored["_id"], "queued_at": {"$lt": clock.now()}}}
    )
    assert "channel_1_queued_at_1" in json.dumps(plan, default=str)


async def test_a_delivery_and_a_mail_are_fetched_by_their_owner_only(api: Api) -> None:
    channel = (await create(api.alice))["notificationChannel"]
    (stored,) = await api.database.notification_channels.find({}).to_list()
    told = _delivery(stored["_id"], 1) | {"owner": stored["owner"]}
    mail: Any = {name: value for name, value in told.items() if name != "channel"} | {"_id": f"{stored['owner']}/mail"}
    await api.database.deliveries.insert_many([told, mail])
    node = "query($id: ID!) { node(id: $id) { id ... on NotificationDelivery { subject } } }"
    listed = """query($id: ID!) { node(id: $id) { ... on NotificationChannel { deliveries { nodes { id } } } } }"""
    ((delivery,),) = (await api.alice.ask(listed, id=channel["id"]))["node"]["deliveries"].values()
    assert (await api.alice.ask(node, id=delivery["id"]))["node"] == {"id": delivery["id"], "subject": told["subject"]}
    of_mail = to_global_id("NotificationDelivery", mail["_id"])
    assert (await api.alice.ask(node, id=of_mail))["node"] == {"id": of_mail, "subject": told["subject"]}
    for who, id_ in [(api.bob, delivery["id"]), (api.carol, delivery["id"]), (api.bob, of_mail), (api.carol, of_mail)]:
        assert (await who.ask(node, id=id_))["node"] is None
