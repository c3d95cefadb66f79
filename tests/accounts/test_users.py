"""User administration over a real database."""

from datetime import timedelta

import pytest

from tests.harness import save_task
from tocsin import clock
from tocsin.accounts import (
    COMMAND_LINE,
    Accounts,
    activate_user,
    create_user,
    deactivate_user,
    list_users,
    log_out_everywhere,
    require_user,
    require_user_by_email,
    set_admin,
    set_password,
)
from tocsin.documents import Database, Scope, User
from tocsin.errors import InvalidInput, NotFound, Unauthenticated, UserError, UserErrorCode
from tocsin.schedules import Every
from tocsin.security.passwords import verify_password

ALICE, BOB = "alice@example.com", "bob@example.com"
PASSWORD = "tram ticket lemon"


async def stored(email: str) -> User:
    user = await User.find_one({"email": email})
    assert user is not None
    return user


async def test_users_are_listed_by_address(database: Database) -> None:
    bob = await create_user(BOB, PASSWORD, COMMAND_LINE)
    alice = await create_user(ALICE, PASSWORD, COMMAND_LINE, is_admin=True)
    assert await list_users() == [alice, bob]
    assert alice.is_admin
    assert not bob.is_admin


async def test_an_address_is_taken_once(database: Database) -> None:
    await create_user(ALICE, PASSWORD, COMMAND_LINE)
    with pytest.raises(UserError) as caught:
        await create_user("ALICE@example.com", PASSWORD, COMMAND_LINE)
    assert caught.value.code is UserErrorCode.EMAIL_TAKEN


async def test_a_new_password_replaces_the_old_one(database: Database) -> None:
    await create_user(ALICE, PASSWORD, COMMAND_LINE)
    await set_password(database, await require_user_by_email("Alice@example.com"), "seven green bottles", COMMAND_LINE)
    hashed = (await stored(ALICE)).password
    assert await verify_password("seven green bottles", hashed)
    assert not await verify_password(PASSWORD, hashed)


@pytest.mark.parametrize("password", ["short", "password123", ALICE])
async def test_a_poor_new_password_changes_nothing(database: Database, password: str) -> None:
    before = await create_user(ALICE, PASSWORD, COMMAND_LINE)
    with pytest.raises(InvalidInput):
        await set_password(database, before, password, COMMAND_LINE)
    assert await stored(ALICE) == before


async def test_promote_and_back(database: Database) -> None:
    bob = await create_user(BOB, PASSWORD, COMMAND_LINE)
    alice = await create_user(ALICE, PASSWORD, COMMAND_LINE)
    assert (await set_admin(alice, COMMAND_LINE)).is_admin
    assert (await stored(ALICE)).is_admin
    assert await stored(BOB) == bob
    assert not (await set_admin(alice, COMMAND_LINE, False)).is_admin
    assert not (await stored(ALICE)).is_admin


async def test_deactivating_ends_all_that_is_open_and_pauses_the_tasks(database: Database, accounts: Accounts) -> None:
    grant = await accounts.sign_up(ALICE, PASSWORD, COMMAND_LINE)
    alice, token = grant.user, await accounts.create_api_token(grant.user, "x", [Scope.READ], None, COMMAND_LINE)
    task = await save_task(database, "http://127.0.0.1:1/", Every(timedelta(hours=1), clock.now()), owner=alice.id)
    for paused in (1, 0):  # the second call completes what a crash interrupted
        assert await deactivate_user(database, alice, COMMAND_LINE) == paused
    for text in (grant.access_token, token[1]):
        with pytest.raises(Unauthenticated):
            await accounts.authenticate(text)
    assert await database.sessions.count_documents({}) == await database.api_tokens.count_documents({}) == 0
    stored_task = await database.tasks.find_one({"_id": task.id})
    assert stored_task is not None
    assert stored_task["status"] == "PAUSED"
    assert (await activate_user(await require_user_by_email(ALICE), COMMAND_LINE)).is_active
    again = await stored(ALICE)
    assert again.deactivated_at is not None
    assert again.model_copy(update={"deactivated_at": None}) == alice


async def test_an_unknown_user_is_named(database: Database) -> None:
    with pytest.raises(NotFound, match=BOB) as caught:
        await require_user_by_email(BOB)
    assert caught.value.path == ("email",)
    with pytest.raises(NotFound):
        await require_user("nobody")


async def test_all_sessions_of_a_user_can_be_ended(database: Database, accounts: Accounts) -> None:
    alice = [
        await accounts.sign_up(ALICE, PASSWORD, COMMAND_LINE),
        await accounts.log_in(ALICE, PASSWORD, COMMAND_LINE),
    ]
    bob = await accounts.sign_up(BOB, PASSWORD, COMMAND_LINE)
    assert await log_out_everywhere(database, alice[0].user, COMMAND_LINE) == 2
    for grant in alice:
        with pytest.raises(Unauthenticated):
            await accounts.authenticate(grant.access_token)
    await accounts.authenticate(bob.access_token)
