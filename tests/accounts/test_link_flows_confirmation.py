"""Confirmation of addresses by a mailed link and the password of the account."""

import re
from typing import Any

import pytest

from tests.accounts.test_link_flows import ALICE, NEW, PASSWORD, SECRETS, mailed_token, refused
from tests.harness import make_settings, wait_until
from tocsin import accounts as module
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, Accounts, Actor, LinkFlows, create_user
from tocsin.documents import Database, PublicLinkKind, Scope, User, new_id
from tocsin.errors import Conflict, RateLimited, Unauthenticated, UserErrorCode
from tocsin.public_links.store import LinkDraft, create_link
from tocsin.security.public_link_tokens import PublicLinkTokens

HOME = Actor(address="192.0.2.7")


def mailing_of(database: Database, accounts: Accounts, **changes: Any) -> LinkFlows:
    given = {"public_url": "https://tocsin.example/sub/", "smtp_host": "mail.example", **changes}
    return LinkFlows(database, make_settings(**given), SECRETS, accounts.sessions)


@pytest.fixture
def mailing(database: Database, accounts: Accounts) -> LinkFlows:
    return mailing_of(database, accounts)


async def token_of(database: Database) -> str:
    (delivery,) = await database.deliveries.find({"kind": "EMAIL_CONFIRMATION"}).to_list()
    link = SECRETS.unseal_without_reload(delivery["sealed"] or "", delivery["_id"])
    await database.deliveries.delete_many({})
    match = re.fullmatch(r"https://tocsin\.example/sub/account#confirmation=(\S{43})", link)
    assert match is not None
    return match[1]


async def create_links(database: Database, owner: str) -> None:
    """Create a link of each kind, as whoever had access before may have."""
    tokens = PublicLinkTokens([b"k" * 32])
    for kind in PublicLinkKind:
        await create_link(database, tokens, new_id(owner), LinkDraft(kind, "Task", new_id(owner)), clock.now())


async def kinds_of_links(database: Database) -> set[str]:
    return {link["kind"] async for link in database.public_links.find({})}


async def test_a_link_and_the_password_confirm_an_address_and_end_what_was_before(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    before = await accounts.sign_up(ALICE, PASSWORD, HOME)
    assert not before.user.email_confirmed
    _, program = await accounts.create_api_token(before.user, "x", [Scope.READ], None, HOME)
    await create_links(database, before.user.id)
    await mailing.request_first_confirmation(before.user, HOME)
    token = await token_of(database)
    assert await refused(mailing.confirm_email(token, "a stranger's guess", HOME)) is UserErrorCode.INVALID_CREDENTIALS
    await accounts.authenticate(before.access_token)
    grant = await mailing.confirm_email(token, PASSWORD, HOME)
    assert (await accounts.authenticate(grant.access_token)).user.email_confirmed
    for old in (before.access_token, program):
        with pytest.raises(Unauthenticated):
            await accounts.authenticate(old)
    assert await kinds_of_links(database) == {"STATUS"}
    assert await refused(mailing.confirm_email(token, PASSWORD, HOME)) is UserErrorCode.LINK_INVALID
    actions = [entry["action"] async for entry in database.audit_entries.find({}).sort("_id", 1)]
    assert actions[-3:] == ["EMAIL_CONFIRMATION_REQUESTED", "LOG_IN_FAILED", "EMAIL_CONFIRMED"]


async def test_a_used_reset_link_confirms_and_each_ends_sessions_and_api_tokens(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    """The owner of a mailbox can take over an account that a stranger created with its address."""
    strangers = await accounts.sign_up(ALICE, PASSWORD, HOME)
    for _ in range(2):
        _, program = await accounts.create_api_token(strangers.user, "x", [Scope.READ], None, HOME)
        await create_links(database, strangers.user.id)
        await mailing.request_password_reset(ALICE, HOME)
        grant = await mailing.reset_password(await mailed_token(database, "PASSWORD_RESET", ALICE), NEW, HOME)
        await database.deliveries.delete_many({})
        assert (await accounts.authenticate(grant.access_token)).user.email_confirmed
        for old in (strangers.access_token, program):
            with pytest.raises(Unauthenticated):
                await accounts.authenticate(old)
        assert await kinds_of_links(database) == {"STATUS"}
        strangers = grant


async def test_a_reset_that_is_asked_for_leaves_the_link_that_confirms(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    user = (await accounts.sign_up(ALICE, PASSWORD, HOME)).user
    await mailing.request_first_confirmation(user, HOME)
    token = await token_of(database)
    await mailing.request_password_reset(ALICE, HOME)
    await wait_until(lambda: database.links.count_documents({"purpose": "RESET"}))
    await mailing.confirm_email(token, PASSWORD, HOME)


async def test_accounts_that_were_vouched_for_are_confirmed(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    assert (await create_user(ALICE, PASSWORD, COMMAND_LINE)).email_confirmed
    await mailing.invite_user("bob@example.com", False, HOME)
    token = await mailed_token(database, "INVITATION", "bob@example.com")
    assert (await mailing.accept_invitation(token, NEW, HOME)).user.email_confirmed
    await database.users.insert_one(
        {
            "_id": "old",
            "email": "old@example.com",
            "password": "-",
            "is_admin": False,
            "is_active": True,
            "created_at": clock.now(),
        }
    )
    old = await User.get("old")
    assert old is not None
    assert old.email_confirmed


async def test_the_command_line_confirms(database: Database, accounts: Accounts) -> None:
    grant = await accounts.sign_up(ALICE, PASSWORD, HOME)
    assert (await module.confirm_email(database, grant.user, COMMAND_LINE)).email_confirmed
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(grant.access_token)


async def test_the_mail_contains_no_text_of_the_person_who_signed_up(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    actor = Actor(address="192.0.2.7", user_agent="Buy at evil.example")
    grant = await accounts.sign_up("buy.at.evil.example@example.com", PASSWORD, actor)
    await mailing.request_first_confirmation(grant.user, actor)
    (delivery,) = await database.deliveries.find({}).to_list()
    for chosen in ("evil", "192.0.2.7"):
        assert chosen not in delivery["subject"] + delivery["text"]


async def test_a_mailbox_gets_three_links_an_hour_in_whatever_spelling(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    users = [(await accounts.sign_up(f"ali.ce+{n}@example.com", PASSWORD, HOME)).user for n in range(5)]
    for number, user in enumerate(users):
        await mailing.request_first_confirmation(user, Actor(address=f"192.0.2.{number}"))
    assert await database.deliveries.count_documents({}) == 3
    with pytest.raises(RateLimited) as caught:
        await mailing.request_email_confirmation(users[0], HOME)
    assert 3500 < caught.value.retry_after <= 3600


async def test_links_are_limited_by_network_address(database: Database, accounts: Accounts) -> None:
    mailing = mailing_of(database, accounts, confirmations_per_address=4)
    for number in range(6):
        grant = await accounts.sign_up(f"victim{number}@example.com", PASSWORD, HOME)
        await mailing.request_first_confirmation(grant.user, HOME)
    assert await database.deliveries.count_documents({}) == 4
    with pytest.raises(RateLimited):
        await mailing.request_email_confirmation(grant.user, HOME)
    await mailing.request_email_confirmation(grant.user, Actor(address="198.51.100.1"))


async def test_only_the_latest_link_is_valid_and_an_address_is_confirmed_once(
    database: Database, accounts: Accounts, mailing: LinkFlows
) -> None:
    user = (await accounts.sign_up(ALICE, PASSWORD, HOME)).user
    await mailing.request_email_confirmation(user, HOME)
    first = await token_of(database)
    await mailing.request_email_confirmation(user, HOME)
    second = await token_of(database)
    assert await refused(mailing.confirm_email(first, PASSWORD, HOME)) is UserErrorCode.LINK_INVALID
    confirmed = (await mailing.confirm_email(second, PASSWORD, HOME)).user
    with pytest.raises(Conflict, match="already confirmed"):
        await mailing.request_email_confirmation(confirmed, HOME)


async def test_without_a_mail_server_no_address_is_confirmed(database: Database, accounts: Accounts) -> None:
    mailing = mailing_of(database, accounts, smtp_host=None)
    user = (await accounts.sign_up(ALICE, PASSWORD, HOME)).user
    await mailing.request_first_confirmation(user, HOME)
    assert await database.deliveries.count_documents({}) == 0
    with pytest.raises(Conflict, match="no mail server"):
        await mailing.request_email_confirmation(user, HOME)
