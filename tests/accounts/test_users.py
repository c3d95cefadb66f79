"""What an administrator does with users, over a real database."""

import pytest

from tocsin.accounts import activate, create_user, deactivate, list_users, promote, set_password
from tocsin.documents import Database, User
from tocsin.errors import InvalidInput, NotFound, UserError, UserErrorCode
from tocsin.security.passwords import verify_password

ALICE, BOB = "alice@example.com", "bob@example.com"
PASSWORD = "tram ticket lemon"


async def stored(email: str) -> User:
    user = await User.find_one({"email": email})
    assert user is not None
    return user


async def nothing_to_pause(_: str) -> int:
    return 0


async def test_users_are_listed_by_address(database: Database) -> None:
    bob = await create_user(BOB, PASSWORD)
    alice = await create_user(ALICE, PASSWORD, is_admin=True)
    assert await list_users() == [alice, bob]
    assert alice.is_admin
    assert not bob.is_admin


async def test_an_address_is_taken_once(database: Database) -> None:
    await create_user(ALICE, PASSWORD)
    with pytest.raises(UserError) as caught:
        await create_user("ALICE@example.com", PASSWORD)
    assert caught.value.code is UserErrorCode.EMAIL_TAKEN


async def test_a_new_password_replaces_the_old_one(database: Database) -> None:
    await create_user(ALICE, PASSWORD)
    await set_password("Alice@example.com", "seven green bottles")
    hashed = (await stored(ALICE)).password
    assert await verify_password("seven green bottles", hashed)
    assert not await verify_password(PASSWORD, hashed)


@pytest.mark.parametrize("password", ["short", "password123", ALICE])
async def test_a_poor_new_password_changes_nothing(database: Database, password: str) -> None:
    before = await create_user(ALICE, PASSWORD)
    with pytest.raises(InvalidInput):
        await set_password(ALICE, password)
    assert await stored(ALICE) == before


async def test_promote_and_back(database: Database) -> None:
    bob = await create_user(BOB, PASSWORD)
    await create_user(ALICE, PASSWORD)
    assert (await promote(ALICE, True)).is_admin
    assert (await stored(ALICE)).is_admin
    assert await stored(BOB) == bob
    assert not (await promote(ALICE, False)).is_admin
    assert not (await stored(ALICE)).is_admin


async def test_deactivate_locks_out_first_and_pauses_then(database: Database) -> None:
    alice = await create_user(ALICE, PASSWORD)
    paused: list[str] = []

    async def pause_all(owner: str) -> int:
        assert not (await stored(ALICE)).is_active
        paused.append(owner)
        return 3

    assert await deactivate(ALICE, pause_all) == 3
    assert paused == [alice.id]
    assert await deactivate(ALICE, pause_all) == 3, "again finishes what a crash left half done"
    assert (await activate(ALICE)).is_active
    assert await stored(ALICE) == alice


async def test_an_unknown_user_is_named(database: Database) -> None:
    for work in (
        set_password(BOB, PASSWORD),
        promote(BOB, True),
        deactivate(BOB, nothing_to_pause),
        activate(BOB),
    ):
        with pytest.raises(NotFound, match=BOB) as caught:
            await work
        assert caught.value.path == ("email",)
    assert await list_users() == []
