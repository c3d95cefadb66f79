"""Other addresses for mails: requested by their user, agreed to by who reads them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.accounts.test_link_flows import ALICE, SECRETS, refused
from tests.harness import make_settings
from tocsin import clock
from tocsin.accounts import Actor, activate_user, deactivate_user
from tocsin.accounts.mail_address_flows import LINKS_PER_DAY, MailAddressFlows
from tocsin.documents import Database, MailPurpose, User
from tocsin.errors import Conflict, InvalidInput, NotFound, RateLimited, UserErrorCode
from tocsin.notifications.preferences.mail_addresses import list_mail_addresses
from tocsin.outbound.mail_limits import LINK_MAILS_PER_HOUR
from tocsin.security.unsubscribe_links import digest_mailbox

OPS, TEAM = "ops@example.com", "team@example.com"
ALERTS, APPROVALS, _ = MailPurpose
HOME = Actor("u1", ALICE, "192.0.2.7")


def flows_of(database: Database, **changes: Any) -> MailAddressFlows:
    given = {"public_url": "https://tocsin.example/sub/", "smtp_host": "mail.example", **changes}
    return MailAddressFlows(database, make_settings(**given), SECRETS)


@pytest.fixture
def flows(database: Database) -> MailAddressFlows:
    return flows_of(database)


@pytest.fixture
async def alice(database: Database) -> User:
    return await User(id="u1", email=ALICE, password="-", created_at=clock.now()).insert()


async def tokens_of(database: Database, email: str = OPS) -> list[str]:
    """Return the tokens of the links that were mailed to an address, oldest first."""
    tokens = []
    async for delivery in database.deliveries.find({"kind": "ADDRESS_CONFIRMATION"}).sort("queued_at", 1):
        assert "https" not in delivery["text"]
        link = SECRETS.unseal_without_reload(delivery["sealed"] or "", delivery["_id"])
        match = re.fullmatch(r"https://tocsin\.example/sub/account#address=(\S{43})", link)
        assert match is not None, link
        tokens += [match[1]] if delivery["to"] == email else []
    return tokens


async def token_of(database: Database, email: str = OPS) -> str:
    (token,) = await tokens_of(database, email)
    return token


async def addresses(database: Database) -> dict[str, tuple[str | None, str | None]]:
    """Return the confirmed and the requested address by purpose."""
    stored = await list_mail_addresses(database, "u1")
    return {each["purpose"]: (each.get("email"), each.get("requested_email")) for each in stored}


async def actions(database: Database) -> list[tuple[str, str | None]]:
    return [(entry["action"], entry["detail"]) async for entry in database.audit_entries.find({}).sort("_id", 1)]


async def test_an_address_gets_mails_once_its_reader_has_agreed(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    await flows.request_address(alice, ALERTS, " Ops@Example.com ", HOME)
    assert await addresses(database) == {"ALERTS": (None, OPS)}
    token = await token_of(database)
    link = await flows.confirm_address(token, Actor(address="198.51.100.1"))
    assert (link.email, link.mail_purpose) == (OPS, ALERTS)
    assert await addresses(database) == {"ALERTS": (OPS, None)}
    assert await refused(flows.confirm_address(token, Actor())) is UserErrorCode.LINK_INVALID
    await flows.remove_address(alice, ALERTS, HOME)
    assert await addresses(database) == {}
    with pytest.raises(NotFound):
        await flows.remove_address(alice, ALERTS, HOME)
    assert await actions(database) == [
        ("MAIL_ADDRESS_REQUESTED", f"ALERTS: {OPS}"),
        ("MAIL_ADDRESS_CONFIRMED", f"ALERTS: {OPS}"),
        ("MAIL_ADDRESS_REMOVED", "ALERTS"),
    ]


async def told(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Return what the account was told of by mail, at its own address."""
    stored = await database.notifications.find({}).sort("stored_at", 1).to_list()
    mails = await database.deliveries.find({"kind": "MAIL_ADDRESS_CHANGED"}).to_list()
    assert [each.get("to") for each in mails] == [None] * len(stored)
    return [(each["subject"], dict(each["data"])) for each in stored]


async def test_the_account_is_told_of_another_address_and_of_its_end(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    assert await told(database) == []
    await flows.confirm_address(await token_of(database), Actor(address="198.51.100.1"))
    begun = {"mailPurpose": "ALERTS", "email": OPS, "address": "198.51.100.1"}
    assert await told(database) == [("Another address gets your mails", begun)]
    await flows.request_address(alice, ALERTS, TEAM, HOME)
    await flows.remove_address(alice, ALERTS, HOME)
    ended = {"mailPurpose": "ALERTS", "formerEmail": OPS, "address": HOME.address}
    assert (await told(database))[1:] == [("Your mails come to you again", ended)]
    await flows.request_address(alice, ALERTS, TEAM, HOME)
    await flows.remove_address(alice, ALERTS, HOME)  # it never had any mails
    assert len(await told(database)) == 2


@pytest.mark.parametrize("ends", [False, True])
async def test_no_address_changes_of_which_the_account_is_not_told(
    database: Database, flows: MailAddressFlows, alice: User, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    if ends:
        await flows.confirm_address(await token_of(database), HOME)
    before = await addresses(database)

    async def die(*_: Any) -> None:
        raise AutoReconnect("gone")

    async def change() -> None:
        if ends:
            await flows.remove_address(alice, ALERTS, HOME)
        else:
            await flows.confirm_address(await token_of(database), HOME)

    with monkeypatch.context() as broken:
        broken.setattr("tocsin.accounts.mail_address_flows.notify", die)
        with pytest.raises(AutoReconnect):
            await change()
    assert await addresses(database) == before
    await change()
    assert len(await told(database)) == 1 + ends


async def test_an_address_that_has_left_cannot_be_asked_again_for_weeks(
    database: Database, flows: MailAddressFlows, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    await flows.confirm_address(await token_of(database), HOME)
    for _ in range(2):
        released = await flows.release_mailbox(alice, digest_mailbox(OPS), [ALERTS, APPROVALS], Actor(address="::1"))
    assert released == []
    subject, data = (await told(database))[-1]
    assert (subject, data["formerEmail"], data["address"]) == ("Your mails come to you again", OPS, "::1")
    await flows.remove_address(alice, ALERTS, HOME)
    for email in (OPS, "O.ps+x@example.com"):
        with pytest.raises(Conflict, match=r"has ended your mails to it\. You can ask again after") as refusal:
            await flows.request_address(alice, APPROVALS, email, HOME)
    assert refusal.value.path == ("email",)
    await flows.request_address(alice.model_copy(update={"id": "u2"}), ALERTS, OPS, HOME)
    later = clock.now() + timedelta(weeks=4)
    monkeypatch.setattr(clock, "now", lambda: later)
    await flows.request_address(alice, ALERTS, OPS, HOME)


async def test_the_former_address_stays_until_the_new_one_is_confirmed(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    await flows.confirm_address(await token_of(database), HOME)
    await flows.request_address(alice, ALERTS, TEAM, HOME)
    assert await addresses(database) == {"ALERTS": (OPS, TEAM)}
    await flows.request_address(alice, ALERTS, OPS, HOME)  # back again: it has agreed already
    assert await addresses(database) == {"ALERTS": (OPS, None)}
    assert len(await tokens_of(database)) == 1
    assert await refused(flows.confirm_address(await token_of(database, TEAM), HOME)) is UserErrorCode.LINK_INVALID
    assert await addresses(database) == {"ALERTS": (OPS, None)}


async def test_each_purpose_needs_its_own_agreement(database: Database, flows: MailAddressFlows, alice: User) -> None:
    for purpose in (ALERTS, APPROVALS):
        await flows.request_address(alice, purpose, OPS, HOME)
    first, _ = await tokens_of(database)
    await flows.confirm_address(first, HOME)
    assert await addresses(database) == {"ALERTS": (OPS, None), "APPROVALS": (None, OPS)}


async def test_a_link_ends_with_its_request_and_with_the_account(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    token = await token_of(database)
    await deactivate_user(database, alice, HOME)
    assert await refused(flows.confirm_address(token, HOME)) is UserErrorCode.LINK_INVALID
    await activate_user(alice, HOME)
    await flows.remove_address(alice, ALERTS, HOME)
    assert await refused(flows.confirm_address(token, HOME)) is UserErrorCode.LINK_INVALID
    await database.db["links"].update_many({}, {"$set": {"expires_at": clock.now() - timedelta(seconds=1)}})
    await flows.request_address(alice, ALERTS, OPS, HOME)
    assert await refused(flows.confirm_address(token, HOME)) is UserErrorCode.LINK_INVALID


async def test_a_link_of_another_purpose_confirms_nothing(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    for token in ("", "x" * 43, "é" * 5_000):
        assert await refused(flows.confirm_address(token, HOME)) is UserErrorCode.LINK_INVALID


async def test_a_crash_after_the_confirmation_leaves_a_link_that_does_nothing(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    await flows.request_address(alice, ALERTS, OPS, HOME)
    token = await token_of(database)
    link = await database.links.find_one({})
    assert link is not None
    await flows.confirm_address(token, HOME)
    await database.links.insert_one(link)  # as if the process had died before it was deleted
    assert await refused(flows.confirm_address(token, HOME)) is UserErrorCode.LINK_INVALID
    assert await addresses(database) == {"ALERTS": (OPS, None)}


@pytest.mark.parametrize("email", ["", "x", "a@b", "a@b.c\r\nBcc: d@e.f", "ops@example.com, team@example.com", ALICE])
async def test_what_cannot_be_another_address_is_refused(
    database: Database, flows: MailAddressFlows, alice: User, email: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await flows.request_address(alice, ALERTS, email, HOME)
    assert refusal.value.path == ("email",)
    assert await addresses(database) == {}
    assert await database.deliveries.count_documents({}) == 0


async def test_only_a_confirmed_account_can_have_strangers_mailed(database: Database, alice: User) -> None:
    unconfirmed = alice.model_copy(update={"email_confirmed": False})
    with pytest.raises(Conflict, match="requestEmailConfirmation"):
        await flows_of(database).request_address(unconfirmed, ALERTS, OPS, HOME)
    await flows_of(database, smtp_host=None).request_address(unconfirmed, ALERTS, OPS, HOME)


async def test_a_mailbox_gets_few_links_whoever_asks_and_however_it_is_spelled(
    database: Database, flows: MailAddressFlows, alice: User
) -> None:
    for number in range(LINK_MAILS_PER_HOUR):
        user = alice.model_copy(update={"id": f"u{number}"})
        await flows.request_address(user, ALERTS, f"o.ps+{number}@example.com", HOME)
    with pytest.raises(RateLimited, match="Too many confirmation mails"):
        await flows.request_address(alice, ALERTS, OPS, HOME)
    assert await database.deliveries.count_documents({}) == LINK_MAILS_PER_HOUR
    await flows.request_address(alice, ALERTS, TEAM, HOME)  # a refused request uses up nothing else


async def test_an_account_requests_few_links_a_day(database: Database, flows: MailAddressFlows, alice: User) -> None:
    for number in range(LINKS_PER_DAY):
        await flows.request_address(alice, ALERTS, f"ops{number}@example.com", HOME)
    with pytest.raises(RateLimited):
        await flows.request_address(alice, ALERTS, OPS, HOME)
    await flows.request_address(alice.model_copy(update={"id": "u2"}), ALERTS, OPS, HOME)


async def test_a_network_address_requests_few_links_an_hour(database: Database, alice: User) -> None:
    flows = flows_of(database, confirmations_per_address=1)
    await flows.request_address(alice, ALERTS, OPS, HOME)
    with pytest.raises(RateLimited):
        await flows.request_address(alice.model_copy(update={"id": "u2"}), ALERTS, TEAM, HOME)
