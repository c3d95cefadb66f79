"""Links: each is valid once, for one purpose and for a limited time."""

import asyncio

import pytest

from tocsin import clock
from tocsin.accounts import COMMAND_LINE, create_user, deactivate_user, set_admin
from tocsin.accounts.links import (
    LIFETIMES,
    check_inviter,
    consume_link,
    create_link,
    find_link,
    revoke_invitations,
    revoke_links,
)
from tocsin.clock import MILLISECOND
from tocsin.documents import Database, Link, LinkPurpose
from tocsin.errors import UserError, UserErrorCode

EMAIL, PASSWORD = "alice@example.com", "tram ticket lemon"


async def create(purpose: LinkPurpose, email: str = EMAIL, inviter: str | None = None) -> str:
    """Create a link and return its token."""
    _, path = await create_link(purpose, email, clock.now(), inviter=inviter)
    return path.partition("=")[2]


async def is_valid(token: str, purpose: LinkPurpose) -> bool:
    try:
        await find_link(token, purpose, clock.now())
    except UserError as error:
        return (error.code, error.path) != (UserErrorCode.LINK_INVALID, ("token",))
    return True


@pytest.mark.parametrize("purpose", LinkPurpose)
async def test_a_link_is_valid_until_its_lifetime_ends(database: Database, purpose: LinkPurpose) -> None:
    now = clock.now()
    link, path = await create_link(purpose, EMAIL, now)
    token = path.partition("=")[2]
    assert path == f"/account#{purpose.name.lower()}={token}"
    assert (await find_link(token, purpose, now + LIFETIMES[purpose] - MILLISECOND)).id == link.id
    with pytest.raises(UserError):
        await find_link(token, purpose, now + LIFETIMES[purpose])


async def test_the_token_is_not_stored(database: Database) -> None:
    token = await create(LinkPurpose.RESET)
    assert token not in str(await database.links.find({}).to_list())


async def test_a_link_serves_no_other_purpose(database: Database) -> None:
    token = await create(LinkPurpose.RESET)
    assert not await is_valid(token, LinkPurpose.INVITATION)
    assert await is_valid(token, LinkPurpose.RESET)


@pytest.mark.parametrize("token", ["", "x", "\ud800", "x" * 100_000])
async def test_an_unknown_token_is_invalid(database: Database, token: str) -> None:
    assert not await is_valid(token, LinkPurpose.RESET)


async def test_of_many_callers_at_once_one_consumes_a_link(database: Database) -> None:
    link = await find_link(await create(LinkPurpose.RESET), LinkPurpose.RESET, clock.now())
    results = await asyncio.gather(*(consume_link(database, link) for _ in range(8)), return_exceptions=True)
    assert results.count(None) == 1
    assert {result.code for result in results if isinstance(result, UserError)} == {UserErrorCode.LINK_INVALID}


async def test_links_are_revoked_by_address_and_purpose(database: Database) -> None:
    reset, invitation = await create(LinkPurpose.RESET), await create(LinkPurpose.INVITATION)
    other = await create(LinkPurpose.RESET, "bob@example.com")
    await revoke_links(database, EMAIL, LinkPurpose.RESET)
    assert not await is_valid(reset, LinkPurpose.RESET)
    assert await is_valid(invitation, LinkPurpose.INVITATION)
    await revoke_links(database, EMAIL)
    assert not await is_valid(invitation, LinkPurpose.INVITATION)
    assert await is_valid(other, LinkPurpose.RESET)


async def test_the_invitations_of_one_inviter_are_revoked(database: Database) -> None:
    mine = await create(LinkPurpose.INVITATION, inviter="carol")
    other = await create(LinkPurpose.INVITATION, inviter="dave")
    await revoke_invitations("carol")
    assert not await is_valid(mine, LinkPurpose.INVITATION)
    assert await is_valid(other, LinkPurpose.INVITATION)


async def test_an_inviter_must_be_an_active_administrator(database: Database) -> None:
    async def may_invite(inviter: str | None) -> bool:
        link: Link = (await create_link(LinkPurpose.INVITATION, EMAIL, clock.now(), inviter=inviter))[0]
        try:
            await check_inviter(link)
        except UserError as error:
            return error.code is not UserErrorCode.LINK_INVALID
        return True

    carol = await create_user("carol@example.com", PASSWORD, COMMAND_LINE, is_admin=True)
    assert await may_invite(None)  # from the command line
    assert await may_invite(carol.id)
    assert not await may_invite("nobody")
    await set_admin(carol, COMMAND_LINE, is_admin=False)
    assert not await may_invite(carol.id)
    carol = await set_admin(carol, COMMAND_LINE)
    await deactivate_user(database, carol, COMMAND_LINE)
    assert not await may_invite(carol.id)
