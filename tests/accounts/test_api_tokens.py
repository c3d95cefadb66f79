"""API tokens: shown once, stored as digests, limited to their scopes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tocsin import clock
from tocsin.accounts import COMMAND_LINE, Accounts, create_user
from tocsin.accounts import api_tokens as tokens
from tocsin.accounts.accounts import TOKENS_PER_DAY
from tocsin.accounts.audit import Actor
from tocsin.documents import Database, Scope, User, to_global_id
from tocsin.errors import InvalidInput, NotFound, RateLimited, TokenExpired, TokenInvalid, UserError

HOUR = timedelta(hours=1)


@pytest.fixture
async def alice(database: Database) -> User:
    return await create_user("alice@example.com", "tram ticket lemon", COMMAND_LINE)


async def test_a_token_authenticates_its_owner_with_its_scopes(
    database: Database, accounts: Accounts, alice: User
) -> None:
    token, text = await accounts.create_api_token(alice, "backup", [Scope.WRITE, Scope.READ], None, COMMAND_LINE)
    who = await accounts.authenticate(text)
    assert (who.user, who.scopes, who.session_id) == (alice, frozenset({Scope.READ, Scope.WRITE}), None)
    assert token.hint == text[-4:]
    assert text not in str(await database.api_tokens.find_one({}))


async def test_use_is_noted_once_a_minute(database: Database, alice: User) -> None:
    now = clock.now()
    _, text = await tokens.create_token(database, alice, "backup", [Scope.READ], None, now)
    for seconds, noted in ((0, 0), (59, 0), (60, 60), (90, 60), (120, 120)):
        moment = now + timedelta(seconds=seconds)
        token = await tokens.find_token(text)
        assert token is not None
        await tokens.record_use(database, token, moment)
        (stored,) = await tokens.list_tokens(alice.id)
        assert stored.last_used_at == now + timedelta(seconds=noted)


async def test_an_expired_or_revoked_token_is_invalid(database: Database, accounts: Accounts, alice: User) -> None:
    now = clock.now()
    _, expired = await tokens.create_token(database, alice, "short", [Scope.READ], now + timedelta(milliseconds=1), now)
    token, revoked = await accounts.create_api_token(alice, "long", [Scope.READ], None, COMMAND_LINE)
    await accounts.authenticate(revoked)
    await accounts.revoke_api_token(alice, token.id, COMMAND_LINE)
    await asyncio.sleep(0.002)
    with pytest.raises(TokenExpired, match="has expired"):
        await accounts.authenticate(expired)
    for text in (revoked, f"{revoked[:-1]}x", tokens.PREFIX, tokens.PREFIX + "x" * 1000, tokens.PREFIX + "\ud800"):
        with pytest.raises(TokenInvalid, match="API token is not valid"):
            await accounts.authenticate(text)


async def test_a_token_of_another_user_is_not_found(accounts: Accounts, alice: User) -> None:
    bob = await create_user("bob@example.com", "tram ticket lemon", COMMAND_LINE)
    token, text = await accounts.create_api_token(alice, "mine", [Scope.READ], None, COMMAND_LINE)
    for token_id in (token.id, f"{bob.id}/none", ""):
        with pytest.raises(NotFound):
            await accounts.revoke_api_token(bob, token_id, COMMAND_LINE)
    await accounts.authenticate(text)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "name"),
    ({"name": " \t"}, "name"),
    ({"name": "a\nb"}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"scopes": []}, "scopes"),
    ({"scopes": [Scope.READ, Scope.ADMIN]}, "scopes"),
    ({"expires_at": clock.now() - HOUR}, "expiresAt"),
]


@pytest.mark.parametrize(("changes", "path"), WRONG)
async def test_invalid_input_names_its_field(
    database: Database, alice: User, changes: dict[str, Any], path: str
) -> None:
    given: dict[str, Any] = {"name": "x", "scopes": [Scope.READ], "expires_at": None, **changes}
    with pytest.raises(UserError) as caught:
        await tokens.create_token(database, alice, now=clock.now(), **given)
    assert caught.value.path == (path,)
    assert await tokens.list_tokens(alice.id) == await database.notifications.find({}).to_list() == []


async def test_its_user_is_told_of_a_token_without_its_text(
    database: Database, accounts: Accounts, alice: User
) -> None:
    home = Actor(alice.id, alice.email, "192.0.2.1")
    token, text = await accounts.create_api_token(alice, "backup", [Scope.READ], clock.now() + HOUR, home)
    await tokens.create_token(database, alice, "shell", [Scope.READ, Scope.WRITE], None, clock.now())
    told = await database.notifications.find({}).sort("stored_at", 1).to_list()
    assert [each["subject"] for each in told] == [f'API token "{name}" was created' for name in ("backup", "shell")]
    assert (told[0]["data"]["address"], told[0]["data"]["scopes"]) == ("192.0.2.1", ["READ"])
    assert told[0]["data"]["apiTokenId"] == to_global_id("ApiToken", token.id)
    assert "From: the command line" in told[1]["text"]
    mails = await database.deliveries.find({}).to_list()
    assert [mail["kind"] for mail in mails] == ["API_TOKEN_CREATED"] * 2
    assert text not in str([told, mails])


async def test_few_tokens_are_created_a_day_and_each_is_told(
    database: Database, accounts: Accounts, alice: User
) -> None:
    for number in range(TOKENS_PER_DAY):
        with pytest.raises(InvalidInput):  # which uses up nothing
            await accounts.create_api_token(alice, "", [Scope.READ], None, COMMAND_LINE)
        await accounts.create_api_token(alice, f"n{number}", [Scope.READ], None, COMMAND_LINE)
    with pytest.raises(RateLimited, match="You have created 20 API tokens in 24 hours") as refused:
        await accounts.create_api_token(alice, "more", [Scope.READ], None, COMMAND_LINE)
    assert 0 < refused.value.retry_after <= 24 * 3600
    mails = await database.deliveries.find({"owner": alice.id}).to_list()
    assert [mail.get("about") for mail in mails] == [None] * TOKENS_PER_DAY  # else only the latest would wait
    assert len(await tokens.list_tokens(alice.id)) == TOKENS_PER_DAY


async def test_no_token_exists_of_which_its_user_was_not_told(
    database: Database, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise AutoReconnect("gone")

    monkeypatch.setattr(tokens, "notify", fail)
    with pytest.raises(AutoReconnect):
        await tokens.create_token(database, alice, "x", [Scope.READ], None, clock.now())
    assert await tokens.list_tokens(alice.id) == []
