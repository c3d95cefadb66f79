"""Other addresses for mails by the API, from the request to the mail that arrives there and its end by a link."""

import re

import httpx

from tests.graphql.conftest import Api, served_api
from tests.notifications.channels.mail.test_channel import delivery_of, part_of
from tests.notifications.helpers import transport_to
from tests.notifications.samples import failed_run
from tests.outbound.smtp import Inbox, mail_server
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.preferences.unsubscribe import find_mails_off
from tocsin.notifications.run_events import TaskFailure

REQUEST = """mutation($input: RequestMailAddressInput!) { requestMailAddress(input: $input) {
  mailAddress { purpose email requestedEmail } userErrors { field code message } } }"""
CONFIRM = """mutation($input: ConfirmMailAddressInput!) { confirmMailAddress(input: $input) {
  purpose email userErrors { field code message } } }"""
REMOVE = """mutation($input: RemoveMailAddressInput!) { removeMailAddress(input: $input) {
  removedMailAddressPurpose userErrors { field code } } }"""
LIST = "{ mailAddresses { purpose email confirmedAt requestedEmail bouncedAt lastError unsubscribedAt } }"
OPS = {"purpose": "ALERTS", "email": "ops@example.com"}


async def sent_by(api: Api) -> Inbox:
    """Send what is queued by SMTP, and return what arrived."""
    inbox = Inbox()
    async with mail_server(inbox) as port:
        context = ChannelContext(
            api.database,
            transport_to(port),
            secrets=api.services.secrets,
            unsubscribe_links=api.services.unsubscribe_links,
            page=lambda path: path if path.startswith("http") else f"https://tocsin.test{path}",
        )
        await DeliveryWorker(context).send_due()
    return inbox


async def request_ops(api: Api) -> str:
    """Request the address, and return the token of the link that arrived there."""
    asked = (await api.alice.ask(REQUEST, input=OPS))["requestMailAddress"]
    assert asked == {
        "mailAddress": {"purpose": "ALERTS", "email": None, "requestedEmail": "ops@example.com"},
        "userErrors": [],
    }
    inbox = await sent_by(api)
    assert inbox.recipients == ["ops@example.com"]
    text = part_of(inbox.mails[0], "plain")
    assert "alice@example.test asks Tocsin" in text
    match = re.search(r"/account#address=(\S{43})", text)
    assert match is not None
    return match[1]


async def failure_sent_by(api: Api) -> Inbox:
    assert api.alice.user is not None
    event = TaskFailure.from_run(failed_run(owner=api.alice.user.id))
    await api.database.deliveries.delete_many({})
    await enqueue_deliveries(api.database, [delivery_of(event)])
    return await sent_by(api)


async def test_from_the_request_to_the_mail_and_its_end(api: Api) -> None:
    token = await request_ops(api)
    assert (await failure_sent_by(api)).recipients == ["alice@example.test"]
    confirmed = (await api.nobody.ask(CONFIRM, input={"token": token}))["confirmMailAddress"]
    assert confirmed == {"purpose": "ALERTS", "email": "ops@example.com", "userErrors": []}
    inbox = await failure_sent_by(api)
    assert inbox.recipients == ["ops@example.com"]

    path = str(inbox.mails[0]["List-Unsubscribe"]).strip("<>").removeprefix("https://tocsin.test")
    asked = await api.nobody.http.get(path)
    assert "Stop these mails to this address" in asked.text
    assert "alice" not in asked.text
    done: httpx.Response = await api.nobody.http.post(path, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "No more of these mails come to this address" in done.text) == (200, True)
    assert (await failure_sent_by(api)).recipients == ["alice@example.test"]  # who reads ops must not silence Alice
    assert api.alice.user is not None
    assert await find_mails_off(api.database, api.alice.user.id) == set()
    (shown,) = (await api.alice.ask(LIST))["mailAddresses"]
    assert shown.pop("unsubscribedAt") is not None
    assert shown == {"purpose": "ALERTS"} | dict.fromkeys(
        ("email", "confirmedAt", "requestedEmail", "bouncedAt", "lastError")
    )
    entries = [entry["action"] async for entry in api.database.audit_entries.find({}).sort("_id", 1)]
    assert entries[-3:] == ["MAIL_ADDRESS_REQUESTED", "MAIL_ADDRESS_CONFIRMED", "MAIL_ADDRESS_REMOVED"]


async def test_all_mails_to_an_address_can_be_ended(api: Api) -> None:
    await api.nobody.ask(CONFIRM, input={"token": await request_ops(api)})
    assert api.alice.user is not None
    approvals = {"_id": f"{api.alice.user.id}/APPROVALS", "owner": api.alice.user.id, "purpose": "APPROVALS"}
    await api.database.db["mail_addresses"].insert_one(approvals | {"email": "ops@example.com"})
    sent = (await failure_sent_by(api)).mails[0]
    path = str(sent["List-Unsubscribe"]).strip("<>").removeprefix("https://tocsin.test")
    assert (await api.nobody.http.post(path, data={"turn-off": "all"})).status_code == 200
    assert [each["email"] for each in (await api.alice.ask(LIST))["mailAddresses"]] == [None, None]
    again = await api.nobody.http.get(path)
    assert "No more of these mails come to this address" in again.text
    refused = await api.nobody.http.post(path, data={"turn-on": "BEGAN_FAILING"})
    assert refused.status_code == 400


async def test_an_address_is_removed_by_its_user_only(api: Api) -> None:
    await api.nobody.ask(CONFIRM, input={"token": await request_ops(api)})
    given = {"purpose": "ALERTS"}
    stranger = (await api.bob.ask(REMOVE, input=given))["removeMailAddress"]
    assert stranger == {"removedMailAddressPurpose": None, "userErrors": [{"field": ["purpose"], "code": "NOT_FOUND"}]}
    assert (await api.alice.ask(REMOVE, input=given))["removeMailAddress"]["removedMailAddressPurpose"] == "ALERTS"
    assert await api.alice.ask(LIST) == {"mailAddresses": []}


async def test_faults_say_where_they_are(api: Api) -> None:
    own = (await api.alice.ask(REQUEST, input=OPS | {"email": "Alice@example.test"}))["requestMailAddress"]
    assert own["mailAddress"] is None
    assert [(error["field"], error["code"]) for error in own["userErrors"]] == [(["email"], "INVALID")]
    assert "address of your account" in own["userErrors"][0]["message"]
    used = (await api.nobody.ask(CONFIRM, input={"token": "x"}))["confirmMailAddress"]
    assert [(error["field"], error["code"]) for error in used["userErrors"]] == [(["token"], "LINK_INVALID")]


async def test_attempts_to_guess_a_link_are_limited(database: Database, settings: Settings) -> None:
    strict = settings.model_copy(update={"attempts_per_address": 1})
    async with served_api(database, strict) as api:
        await api.nobody.ask(CONFIRM, input={"token": "x"})
        answer = await api.nobody.post(CONFIRM, {"input": {"token": "x"}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["RATE_LIMITED"]
