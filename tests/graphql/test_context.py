"""The context of a request or a connection: who the caller is, and when their token ends."""

import asyncio
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tests.harness import wait_until
from tocsin.accounts import users
from tocsin.accounts.audit import COMMAND_LINE
from tocsin.errors import TokenExpired, TokenInvalid, Unauthenticated
from tocsin.graphql.context import Context


class _Request:
    """The part of a request that a context reads."""

    def __init__(self, kind: str) -> None:
        self.scope = {"type": kind}


def context(api: Api, token: str | None, kind: str = "http") -> Context:
    made = Context(api.services, "r1", token, "192.0.2.7", "a browser")
    request: Any = _Request(kind)
    made.request = request
    return made


async def test_a_request_without_a_token_has_no_identity_and_may_read(api: Api) -> None:
    made = context(api, None)
    assert await made.authenticate() is None
    assert made.can_read


async def test_a_token_is_verified_once_for_a_request_and_each_time_for_a_connection(api: Api) -> None:
    assert api.alice.user is not None
    request, connection = context(api, api.alice.token), context(api, api.alice.token, "websocket")
    for made in (request, connection):
        identity = await made.authenticate()
        assert identity is not None
        assert identity.user.id == api.alice.user.id
    await api.database.sessions.delete_many({"owner": api.alice.user.id})
    assert await request.authenticate() is not None
    with pytest.raises(TokenInvalid):
        await connection.authenticate()


async def test_the_connection_learns_who_is_authenticated(api: Api) -> None:
    assert api.alice.user is not None
    known: list[str] = []
    await Context(api.services, "r1", api.alice.token, on_known=known.append).authenticate()
    assert known == [api.alice.user.id]


async def test_a_token_without_the_scope_read_may_not_read(api: Api) -> None:
    created = await api.alice.ask(
        'mutation { createApiToken(input: {name: "x", scopes: [WRITE]}) { token userErrors { code } } }'
    )
    made = context(api, created["createApiToken"]["token"])
    await made.authenticate()
    assert not made.can_read


async def test_the_end_of_a_session_ends_the_wait(api: Api) -> None:
    assert api.alice.user is not None
    made = context(api, api.alice.token, "websocket")
    await made.authenticate()
    waiting = asyncio.create_task(made.wait_for_token_end())
    await api.database.sessions.delete_many({"owner": api.alice.user.id})
    async with asyncio.timeout(10):
        assert isinstance(await waiting, TokenInvalid)


async def test_the_identity_of_an_open_stream_follows_a_demotion(api: Api) -> None:
    assert api.carol.user is not None
    made = context(api, api.carol.token)
    identity = await made.authenticate()
    assert identity is not None
    assert identity.user.is_admin
    waiting = asyncio.create_task(made.wait_for_token_end())
    await users.set_admin(api.carol.user, COMMAND_LINE, is_admin=False)

    async def is_demoted() -> bool:
        identity = await made.authenticate()
        return identity is not None and not identity.user.is_admin

    await wait_until(is_demoted)
    waiting.cancel()


async def test_the_expiry_of_a_token_ends_the_wait(api: Api) -> None:
    assert api.alice.user is not None
    made = context(api, api.token_for(api.alice.user, 2), "websocket")
    await made.authenticate()
    async with asyncio.timeout(10):
        reason = await made.wait_for_token_end()
    assert isinstance(reason, TokenExpired)
    assert isinstance(reason, Unauthenticated)


async def test_the_wait_can_be_cancelled_and_watches_nothing_afterwards(api: Api) -> None:
    made = context(api, api.alice.token, "websocket")
    await made.authenticate()
    waiting = asyncio.create_task(made.wait_for_token_end())

    async def watching() -> bool:
        return bool(api.services.fanout.access_signals._signals)

    await wait_until(watching)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not await watching()


async def test_nobody_waits_without_an_identity(api: Api) -> None:
    with pytest.raises(RuntimeError):
        await context(api, None).wait_for_token_end()
