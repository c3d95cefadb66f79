# ruff: noqa: RUF001  # look-alikes are what is tested
"""Sign-up, log-in and authentication over a real database."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.accounts.conftest import TOKENS
from tests.harness import make_settings
from tocsin import clock
from tocsin.accounts import (
    COMMAND_LINE,
    Accounts,
    Actor,
    activate_user,
    audit,
    create_user,
    deactivate_user,
    require_user_by_email,
)
from tocsin.documents import Database, User, aggregate
from tocsin.errors import TokenInvalid, Unauthenticated, UserError, UserErrorCode
from tocsin.security import passwords

ALICE = "alice@example.com"
PASSWORD = "tram ticket lemon"
WRONG = "tram ticket melon"


BROWSER = Actor(address="192.0.2.7", user_agent="a browser")


async def refused(accounts: Accounts, email: str, password: str) -> UserError:
    with pytest.raises(UserError) as caught:
        await accounts.sign_up(email, password, BROWSER)
    return caught.value


async def test_who_signs_up_is_logged_in(accounts: Accounts) -> None:
    session = await accounts.sign_up("Alice@Example.COM", PASSWORD, BROWSER)
    assert session.user.email == ALICE
    assert not session.user.is_admin
    assert (await accounts.authenticate(session.access_token)).user == session.user
    assert session.access_token not in repr(session)
    stored = await User.find_one({"email": ALICE})
    assert stored == session.user
    assert stored.password.startswith("$argon2id$")


async def test_log_in_with_any_spelling_of_the_address(accounts: Accounts) -> None:
    signed_up = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    session = await accounts.log_in(" ALICE@example.com", PASSWORD, BROWSER)
    assert session.user == signed_up.user
    assert session.expires_at > clock.now()
    assert session.access_token != signed_up.access_token


async def test_an_address_is_taken_once(accounts: Accounts) -> None:
    tries = [
        accounts.sign_up(email, PASSWORD, BROWSER) for email in (ALICE, "ALICE@example.com", "Alice@EXAMPLE.com") * 2
    ]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, UserError)]
    assert len(errors) == len(answers) - 1
    assert {(error.code, error.path) for error in errors} == {(UserErrorCode.EMAIL_TAKEN, ("email",))}
    assert await User.find_all().count() == 1


async def test_sign_up_may_be_closed(database: Database) -> None:
    closed = Accounts(database, make_settings(sign_up="closed"), TOKENS, b"k" * 32)
    assert (await refused(closed, ALICE, PASSWORD)).code is UserErrorCode.SIGN_UP_CLOSED
    assert await User.find_all().count() == 0
    await create_user(ALICE, PASSWORD, COMMAND_LINE)
    assert (await closed.log_in(ALICE, PASSWORD, BROWSER)).user.email == ALICE


@pytest.mark.parametrize(
    ("email", "password", "path"),
    [("alice", PASSWORD, "email"), (ALICE, "short", "password"), (ALICE, "ALICE@example.com", "password")],
)
async def test_poor_input_is_refused(accounts: Accounts, email: str, password: str, path: str) -> None:
    error = await refused(accounts, email, password)
    assert (error.code, error.path) == (UserErrorCode.INVALID, (path,))
    assert await User.find_all().count() == 0


class Counting(ThreadPoolExecutor):
    """Count the computations of argon2, which all cost the same."""

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
    database: Database, accounts: Accounts, monkeypatch: pytest.MonkeyPatch, email: str, password: str
) -> None:
    await asyncio.gather(*(create_user(email, PASSWORD, COMMAND_LINE) for email in (ALICE, "gone@example.com")))
    await deactivate_user(database, await require_user_by_email("gone@example.com"), COMMAND_LINE)
    with Counting(1) as pool:
        monkeypatch.setattr(passwords, "_POOL", pool)
        with pytest.raises(UserError) as caught:
            await accounts.log_in(email, password, BROWSER)
    error = caught.value
    assert (error.code, error.path) == (UserErrorCode.INVALID_CREDENTIALS, ())
    assert error.message == "The email address or the password is wrong."
    assert pool.count == 1


async def test_a_token_ends_with_its_user(database: Database, accounts: Accounts) -> None:
    session = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    await deactivate_user(database, session.user, COMMAND_LINE)
    with pytest.raises(Unauthenticated, match="deactivated"):
        await accounts.authenticate(session.access_token)
    await activate_user(session.user, COMMAND_LINE)
    with pytest.raises(Unauthenticated, match="session"):
        await accounts.authenticate(session.access_token)
    again = await accounts.log_in(ALICE, PASSWORD, BROWSER)
    assert (await accounts.authenticate(again.access_token)).user.is_active
    await session.user.delete()
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(again.access_token)


async def test_a_token_is_looked_up_by_one_command_that_reads_no_other_sessions(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    sent: list[Any] = []

    async def recorded(collection: Any, stages: list[Any]) -> Any:
        sent.append(stages)
        return await aggregate(collection, stages)

    monkeypatch.setattr("tocsin.accounts.accounts.aggregate", recorded)
    await accounts.authenticate(session.access_token)
    (stages,) = sent
    assert [name for stage in stages for name in stage] == ["$match", "$set", "$lookup"]  # each by `_id`


async def test_an_expired_token_opens_nothing(accounts: Accounts) -> None:
    grant = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    token, _ = TOKENS.issue(grant.user.id, clock.now() - timedelta(hours=2), grant.session_id)
    with pytest.raises(Unauthenticated, match="expired"):
        await accounts.authenticate(token)


async def test_a_token_of_no_session_or_of_anothers_opens_nothing(accounts: Accounts) -> None:
    alice = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    bob = await accounts.sign_up("bob@example.com", PASSWORD, BROWSER)
    for user, session in ((alice.user.id, None), (alice.user.id, bob.session_id), ('{"$ne": null}', alice.session_id)):
        token, _ = TOKENS.issue(user, clock.now(), session)
        with pytest.raises(Unauthenticated):
            await accounts.authenticate(token)


async def test_a_new_password_takes_the_old_one_and_ends_the_other_sessions(
    database: Database, accounts: Accounts
) -> None:
    other, mine = [await accounts.sign_up(ALICE, PASSWORD, BROWSER), await accounts.log_in(ALICE, PASSWORD, BROWSER)]
    who = await accounts.authenticate(mine.access_token)
    for current, new, path in ((WRONG, "seven green bottles", "currentPassword"), (PASSWORD, "short", "newPassword")):
        with pytest.raises(UserError) as caught:
            await accounts.change_password(who, current, new, BROWSER)
        assert caught.value.path == (path,)
    await accounts.authenticate(other.access_token)
    await accounts.change_password(who, PASSWORD, "seven green bottles", BROWSER)
    await accounts.authenticate(mine.access_token)
    with pytest.raises(Unauthenticated):
        await accounts.authenticate(other.access_token)
    assert (await accounts.log_in(ALICE, "seven green bottles", BROWSER)).user.email == ALICE
    (mail,) = await database.deliveries.find({}).to_list()
    assert (mail["kind"], mail["owner"]) == ("PASSWORD_CHANGED", who.user.id)
    assert "192.0.2.7" in mail["text"]


async def test_a_look_alike_of_an_address_is_that_address_to_everybody(database: Database, accounts: Accounts) -> None:
    fake = "ａｌｉｃｅ@example.com"
    await accounts.sign_up("alice@example.com", PASSWORD, Actor())
    for again in (accounts.sign_up(fake, PASSWORD, Actor()), create_user(fake, PASSWORD, COMMAND_LINE)):
        with pytest.raises(UserError) as caught:
            await again
        assert caught.value.code is UserErrorCode.EMAIL_TAKEN
    assert (await accounts.log_in(fake, PASSWORD, Actor())).user.email == "alice@example.com"
    assert (await require_user_by_email(fake)).email == "alice@example.com"
    assert await audit.list_entries(database, 10, clock.now(), email=fake)


async def test_an_account_whose_address_was_stored_before_is_still_found(accounts: Accounts) -> None:
    user = (await accounts.sign_up("old@example.com", PASSWORD, Actor())).user
    await User.find_one({"_id": user.id}).update({"$set": {"email": "ｏld@example.com"}})
    assert (await accounts.log_in("Ｏld@Example.com", PASSWORD, Actor())).user.id == user.id


async def test_an_access_token_ends_with_its_session_and_with_its_account(
    database: Database, accounts: Accounts
) -> None:
    user = User(email=ALICE, password="", created_at=clock.now())
    await user.insert()
    first, second = [await accounts.sessions.open(user, BROWSER, clock.now()) for _ in range(2)]
    who = await accounts.authenticate(first.access_token)
    assert (who.user, who.session_id) == (user, first.session_id)
    await accounts.sessions.end(first.session_id)
    with pytest.raises(TokenInvalid, match="session of this access token was ended"):
        await accounts.authenticate(first.access_token)
    await database.users.update_one({"_id": user.id}, {"$unset": {"is_active": True}})  # as stored by early versions
    assert (await accounts.authenticate(second.access_token)).user.is_active
    await database.users.update_one({"_id": user.id}, {"$set": {"is_active": False}})
    with pytest.raises(TokenInvalid, match="account of this token was deactivated"):
        await accounts.authenticate(second.access_token)


async def test_an_access_token_does_not_use_the_session_of_another_user(accounts: Accounts) -> None:
    users = [User(email=email, password="", created_at=clock.now()) for email in (ALICE, "bob@example.com")]
    await User.insert_many(users)
    sessions = [await accounts.sessions.open(user, BROWSER, clock.now()) for user in users]
    mixed, _ = TOKENS.issue(users[0].id, clock.now(), sessions[1].session_id)
    without, _ = TOKENS.issue(users[0].id, clock.now())
    for token in (mixed, without):
        with pytest.raises(TokenInvalid, match="session of this access token was ended"):
            await accounts.authenticate(token)
