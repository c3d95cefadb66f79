"""Sign-up, log-in and authentication over a real database."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tocsin import clock
from tocsin.accounts import Accounts, activate, create_user, deactivate
from tocsin.documents import Database, User
from tocsin.errors import Unauthenticated, UserError, UserErrorCode
from tocsin.security import passwords
from tocsin.security.tokens import AccessTokens

TOKENS = AccessTokens("s" * 40, timedelta(hours=1))
ACCOUNTS = Accounts(TOKENS, sign_up_open=True)
ALICE = "alice@example.com"
PASSWORD = "tram ticket lemon"
WRONG = "tram ticket melon"


async def nothing_to_pause(_: str) -> int:
    return 0


async def refused(email: str, password: str, accounts: Accounts = ACCOUNTS) -> UserError:
    with pytest.raises(UserError) as caught:
        await accounts.sign_up(email, password)
    return caught.value


async def test_who_signs_up_is_logged_in(database: Database) -> None:
    session = await ACCOUNTS.sign_up("Alice@Example.COM", PASSWORD)
    assert session.user.email == ALICE
    assert not session.user.is_admin
    assert (await ACCOUNTS.authenticate(session.access_token)).id == session.user.id
    assert session.access_token not in repr(session)
    stored = await User.find_one({"email": ALICE})
    assert stored == session.user
    assert stored.password.startswith("$argon2id$")


async def test_log_in_with_any_spelling_of_the_address(database: Database) -> None:
    signed_up = await ACCOUNTS.sign_up(ALICE, PASSWORD)
    session = await ACCOUNTS.log_in(" ALICE@example.com", PASSWORD)
    assert session.user == signed_up.user
    assert session.expires_at > clock.now()
    assert session.access_token != signed_up.access_token


async def test_an_address_is_taken_once(database: Database) -> None:
    tries = [ACCOUNTS.sign_up(email, PASSWORD) for email in (ALICE, "ALICE@example.com", "Alice@EXAMPLE.com") * 2]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, UserError)]
    assert len(errors) == len(answers) - 1
    assert {(error.code, error.path) for error in errors} == {(UserErrorCode.EMAIL_TAKEN, ("email",))}
    assert await User.find_all().count() == 1


async def test_sign_up_may_be_closed(database: Database) -> None:
    closed = Accounts(TOKENS, sign_up_open=False)
    assert (await refused(ALICE, PASSWORD, closed)).code is UserErrorCode.SIGN_UP_CLOSED
    assert await User.find_all().count() == 0
    await create_user(ALICE, PASSWORD)
    assert (await closed.log_in(ALICE, PASSWORD)).user.email == ALICE


@pytest.mark.parametrize(
    ("email", "password", "path"),
    [("alice", PASSWORD, "email"), (ALICE, "short", "password"), (ALICE, "ALICE@example.com", "password")],
)
async def test_poor_input_is_refused(database: Database, email: str, password: str, path: str) -> None:
    error = await refused(email, password)
    assert (error.code, error.path) == (UserErrorCode.INVALID, (path,))
    assert await User.find_all().count() == 0


class Counting(ThreadPoolExecutor):
    """Counts the computations of argon2, each of which costs the same."""

    count = 0

    def submit(self, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.count += 1
        return super().submit(*args, **kwargs)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (ALICE, WRONG),
        (ALICE, ""),
        (ALICE, "x" * 1_000_000),
        (ALICE, "\ud800"),
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("x" * 100_000, PASSWORD),
        ("gone@example.com", PASSWORD),
        ("gone@example.com", WRONG),
    ],
)
async def test_every_failed_log_in_looks_alike(
    database: Database, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    await asyncio.gather(create_user(ALICE, PASSWORD), create_user("gone@example.com", PASSWORD))
    await deactivate("gone@example.com", nothing_to_pause)
    with Counting(1) as pool:
        monkeypatch.setattr(passwords, "_POOL", pool)
        with pytest.raises(UserError) as caught:
            await ACCOUNTS.log_in(email, password)
    error = caught.value
    assert (error.code, error.path) == (UserErrorCode.INVALID_CREDENTIALS, ())
    assert error.message == "The email address or the password is wrong."
    assert pool.count == 1


async def test_a_token_ends_with_its_user(database: Database) -> None:
    session = await ACCOUNTS.sign_up(ALICE, PASSWORD)
    await deactivate(ALICE, nothing_to_pause)
    with pytest.raises(Unauthenticated, match="deactivated"):
        await ACCOUNTS.authenticate(session.access_token)
    await activate(ALICE)
    assert (await ACCOUNTS.authenticate(session.access_token)).is_active
    await session.user.delete()
    with pytest.raises(Unauthenticated):
        await ACCOUNTS.authenticate(session.access_token)


async def test_an_expired_token_opens_nothing(database: Database) -> None:
    user = await create_user(ALICE, PASSWORD)
    token, _ = TOKENS.issue(user.id, clock.now() - timedelta(hours=2))
    with pytest.raises(Unauthenticated, match="expired"):
        await ACCOUNTS.authenticate(token)


async def test_a_token_for_an_id_that_looks_like_a_query_opens_nothing(database: Database) -> None:
    await create_user(ALICE, PASSWORD)
    token, _ = TOKENS.issue('{"$ne": null}', clock.now())
    with pytest.raises(Unauthenticated):
        await ACCOUNTS.authenticate(token)
