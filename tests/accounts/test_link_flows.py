"""Password resets and invitations, by links that are valid once."""

import re
from datetime import timedelta
from email.headerregistry import Address
from pathlib import Path

import pytest

from tests.harness import make_settings, wait_until
from tocsin import clock
from tocsin.accounts import (
    COMMAND_LINE,
    Accounts,
    Actor,
    LinkFlows,
    activate_user,
    create_user,
    deactivate_user,
    invite_user,
    set_admin,
)
from tocsin.accounts.links import LIFETIMES, find_link
from tocsin.documents import Database, LinkPurpose, User
from tocsin.errors import Unauthenticated, UserError, UserErrorCode
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.outbound.mail_transport import FileTransport
from tocsin.security.secret_box import SecretBox

ALICE, BOB = "alice@example.com", "bob@example.com"
PASSWORD, NEW = "tram ticket lemon", "seven green bottles"
SECRETS = SecretBox(b"k" * 32)
ADMIN = Actor(id="carol", name="carol@example.com")


@pytest.fixture
def mailing(database: Database, accounts: Accounts) -> LinkFlows:
    chosen = make_settings(public_url="https://tocsin.example/sub/")
    return LinkFlows(database, chosen, SECRETS, accounts.sessions)


async def mailed_token(database: Database, purpose: str, email: str) -> str:
    """Return the fragment of the latest link that was mailed to this address."""

    async def found() -> str | None:
        async for delivery in database.deliveries.find({"kind": purpose}).sort("queued_at", -1):
            assert "https" not in delivery["text"]
            link = SECRETS.unseal_without_reload(delivery["sealed"] or "", delivery["_id"])
            match = re.fullmatch(r"https://tocsin\.example/sub/account#(?:reset|invitation)=(\S{43})", link)
            assert match is not None, link
            return match[1]
        return None

    return str(await wait_until(found))


async def _carol() -> User:
    carol = User(id="carol", email="carol@example.com", password="x", is_admin=True, created_at=clock.now())
    await carol.insert()
    return carol


async def refused(work: object) -> UserErrorCode:
    with pytest.raises(UserError) as caught:
        await work  # type: ignore[misc]
    return caught.value.code


async def test_a_forgotten_password_is_replaced_by_a_link(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    before = await accounts.sign_up(ALICE, PASSWORD, Actor())
    await mailing.request_password_reset("ALICE@example.com ", Actor(address="192.0.2.7"))
    token = await mailed_token(database, "PASSWORD_RESET", ALICE)
    assert token not in str(await database.links.find_one({}))
    assert await refused(mailing.reset_password(token, "short", Actor())) is UserErrorCode.INVALID
    grant = await mailing.reset_password(token, NEW, Actor())
    assert (await accounts.authenticate(grant.access_token)).user.email == ALICE
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(before.access_token)
    assert await refused(mailing.reset_password(token, NEW, Actor())) is UserErrorCode.LINK_INVALID
    assert await refused(accounts.log_in(ALICE, PASSWORD, Actor())) is UserErrorCode.INVALID_CREDENTIALS
    await accounts.log_in(ALICE, NEW, Actor())


async def test_a_reset_request_does_not_reveal_accounts(database: Database, mailing: LinkFlows) -> None:
    await mailing.request_password_reset(BOB, Actor())
    assert await database.deliveries.count_documents({}) == await database.links.count_documents({}) == 0
    assert await refused(mailing.request_password_reset("no address", Actor())) is UserErrorCode.INVALID


async def test_only_the_latest_link_is_good(database: Database, mailing: LinkFlows) -> None:
    await create_user(ALICE, PASSWORD, COMMAND_LINE)
    await mailing.request_password_reset(ALICE, Actor())
    first = await mailed_token(database, "PASSWORD_RESET", ALICE)
    await database.deliveries.delete_many({})
    await mailing.request_password_reset(ALICE, Actor())
    second = await mailed_token(database, "PASSWORD_RESET", ALICE)
    assert await refused(mailing.reset_password(first, NEW, Actor())) is UserErrorCode.LINK_INVALID
    await mailing.reset_password(second, NEW, Actor())


async def test_a_link_ends_and_is_for_one_purpose(database: Database, mailing: LinkFlows) -> None:
    link, url = await _invited(database, mailing, BOB)
    token, purpose = url.partition("=")[2], LinkPurpose.INVITATION
    await find_link(token, purpose, link.created_at + LIFETIMES[purpose] - clock.MILLISECOND)
    assert await refused(find_link(token, purpose, link.expires_at)) is UserErrorCode.LINK_INVALID
    assert await refused(find_link(token, LinkPurpose.RESET, clock.now())) is UserErrorCode.LINK_INVALID
    for wrong in ("", "x" * 10_000, "\ud800", link.id):
        assert await refused(find_link(wrong, purpose, clock.now())) is UserErrorCode.LINK_INVALID
    assert LIFETIMES[LinkPurpose.RESET] <= timedelta(hours=1)


async def _invited(database: Database, mailing: LinkFlows, email: str, *, is_admin: bool = False):  # type: ignore[no-untyped-def]
    link = await mailing.invite_user(email, is_admin, ADMIN)
    return link, f"={await mailed_token(database, 'INVITATION', email)}"


async def test_an_invitation_makes_an_account_even_if_sign_up_is_closed(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    await _carol()
    _, url = await _invited(database, mailing, "Bob@Example.com", is_admin=True)
    token = url.partition("=")[2]
    assert await refused(mailing.accept_invitation(token, "short", Actor())) is UserErrorCode.INVALID
    grant = await mailing.accept_invitation(token, NEW, Actor())
    assert (grant.user.email, grant.user.is_admin) == (BOB, True)
    assert await refused(mailing.accept_invitation(token, NEW, Actor())) is UserErrorCode.LINK_INVALID
    assert await refused(mailing.invite_user(BOB, False, ADMIN)) is UserErrorCode.EMAIL_TAKEN
    actions = [entry["action"] async for entry in database.audit_entries.find({}).sort("_id", 1)]
    assert actions == ["USER_INVITED", "INVITATION_ACCEPTED"]


@pytest.mark.parametrize("is_admin", [True, False])
@pytest.mark.parametrize("how", ["demoted", "deactivated", "gone", "demoted meanwhile"])
async def test_an_invitation_ends_with_its_inviters_office(
    database: Database, mailing: LinkFlows, how: str, is_admin: bool
) -> None:
    carol = await _carol()
    _, url = await _invited(database, mailing, BOB, is_admin=is_admin)
    if how == "demoted":
        await set_admin(carol, COMMAND_LINE, False)
    elif how == "deactivated":
        await deactivate_user(database, carol, COMMAND_LINE)
    elif how == "gone":
        await database.users.delete_one({"_id": carol.id})
    else:
        await database.users.update_one({"_id": carol.id}, {"$set": {"is_admin": False}})
    assert await refused(mailing.accept_invitation(url.partition("=")[2], NEW, Actor())) is UserErrorCode.LINK_INVALID
    if how in {"demoted", "deactivated"}:  # nor does it become valid again with the rights
        await set_admin(await activate_user(carol, COMMAND_LINE), COMMAND_LINE)
        assert (
            await refused(mailing.accept_invitation(url.partition("=")[2], NEW, Actor())) is UserErrorCode.LINK_INVALID
        )
    assert await database.users.count_documents({"email": BOB}) == 0


async def test_an_invitation_from_the_command_line_needs_no_administrator(
    database: Database, mailing: LinkFlows
) -> None:
    await set_admin(await _carol(), COMMAND_LINE, False)
    _, url = await invite_user(database, mailing._settings, SECRETS, BOB, COMMAND_LINE)
    assert (await mailing.accept_invitation(url.partition("=")[2], NEW, Actor())).user.email == BOB


async def test_the_mail_itself_has_the_link(database: Database, mailing: LinkFlows, tmp_path: Path) -> None:
    _, url = await _invited(database, mailing, BOB)
    transport = FileTransport(tmp_path, Address("Tocsin", "tocsin", "example.com"))
    worker = DeliveryWorker(ChannelContext(database, transport, secrets=SECRETS))
    await worker.send_due()
    (file,) = tmp_path.rglob("*.eml")
    text = file.read_text().replace("=\n", "").replace("=3D", "=")
    assert "To: bob@example.com" in text
    assert f"https://tocsin.example/sub/account#invitation{url}" in text
    assert "carol@example.com invites you" in text


async def test_a_mail_whose_link_cannot_be_unsealed_fails(
    database: Database, mailing: LinkFlows, tmp_path: Path
) -> None:
    await mailing.invite_user(BOB, False, ADMIN)
    transport = FileTransport(tmp_path, Address("Tocsin", "tocsin", "example.com"))
    worker = DeliveryWorker(ChannelContext(database, transport, secrets=SecretBox(b"x" * 32)))
    await worker.send_due()
    (delivery,) = await database.deliveries.find({}).to_list()
    assert (delivery["status"], "encryption key" in str(delivery["last_error"])) == ("FAILED", True)
    assert list(tmp_path.rglob("*.eml")) == []
