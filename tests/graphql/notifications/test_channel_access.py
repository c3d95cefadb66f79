"""Who may set up notification channels, what the audit log has of it, and when a signing key is returned."""

from tests.graphql.accounts.calls import create_program
from tests.graphql.conftest import Api
from tests.graphql.notifications.test_channels import CREATE, DELETE, ROTATE, TEST, UPDATE, call, create, update


async def test_a_repeated_creation_returns_no_key_that_was_rotated_since(api: Api) -> None:
    first = await create(api.alice, idempotencyKey="k")
    await call(api.alice, ROTATE, first["notificationChannel"])
    again = await create(api.alice, idempotencyKey="k")
    assert (again["notificationChannel"]["id"], again["userErrors"]) == (first["notificationChannel"]["id"], [])
    assert again["signingKey"] is None


async def test_a_repeated_creation_returns_no_key_that_cannot_be_decrypted(api: Api) -> None:
    first = await create(api.alice, idempotencyKey="k")
    sealed = api.services.secrets.seal("x", "another channel")
    await api.database.notification_channels.update_one({}, {"$set": {"sealed.signing_key": sealed}})
    assert await create(api.alice, idempotencyKey="k") == {**first, "signingKey": None}


async def test_a_token_that_cannot_read_can_only_delete_channels(api: Api) -> None:
    """A channel is told of everything, so that whoever sets one up reads."""
    channel = (await create(api.alice))["notificationChannel"]
    writer = await create_program(api, api.alice, "WRITE")
    created = {"name": "x", "channel": {"webhook": {"url": "https://hooks.example.org/"}}}
    given = {"id": channel["id"]}
    for document, i in ((CREATE, created), (UPDATE, given | {"name": "x"}), (TEST, given), (ROTATE, given)):
        answer = await writer.post(document, {"i": i})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], document
    (stored,) = await api.database.notification_channels.find({}).to_list()
    assert (stored["name"], stored["revision"]) == ("Ops", 1)
    both = await create_program(api, api.alice, "READ", "WRITE")
    assert (await update(both, channel, name="New"))["notificationChannel"]["name"] == "New"
    assert (await call(writer, DELETE, channel))["deletedNotificationChannelId"] == channel["id"]


async def test_the_audit_log_has_what_was_done_to_a_channel(api: Api) -> None:
    for _ in range(2):
        channel = (await create(api.alice, idempotencyKey="k"))["notificationChannel"]
    await update(api.alice, channel, name="New")
    await call(api.alice, ROTATE, channel)
    await call(api.alice, DELETE, channel)
    entries = await api.database.audit_entries.find({"action": {"$regex": "^CHANNEL_"}}).to_list()
    assert sorted((entry["action"], (entry["detail"] or "").partition(", ")[0]) for entry in entries) == [
        ("CHANNEL_CHANGED", "webhook New"),
        ("CHANNEL_CREATED", "webhook Ops"),
        ("CHANNEL_DELETED", "webhook New"),
        ("CHANNEL_KEY_ROTATED", "webhook New"),
    ]
    assert {entry["actor_name"] for entry in entries} == {api.alice.user and api.alice.user.email}
