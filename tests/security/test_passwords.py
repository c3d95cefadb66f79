"""Rules for passwords, and hashing that does not block the event loop."""

import asyncio
import os
import sys
import threading
import unicodedata

import pytest

from tests.harness import wait_until
from tocsin.errors import InvalidInput, RateLimited
from tocsin.security import passwords
from tocsin.security.passwords import check_password, dummy_verify, hash_password, verify_password

EMAIL = "alice@example.com"
GOOD = "tram ticket lemon"


@pytest.fixture(autouse=True)
def password_cost() -> None:
    """Hash at the real cost."""


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "x7!qpLm2#z",
        "ünïcödé wörds",
        "日本語のパスワードです!",
        " spaces count ",
        "ab" * 64,
        "nul\0is a character",
        "alice in wonderland",
        "a tocsin rings at dawn",
    ],
)
def test_good_passwords_are_accepted(password: str) -> None:
    check_password(password, EMAIL)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "10 to 128"),
        ("ninechars", "10 to 128"),
        ("ab" * 64 + "c", "10 to 128"),
        ("x" * 1_000_000, "10 to 128"),
        ("\ufb03" * 60, "10 to 128"),  # 60 ligatures are 180 letters
        ("half a pair \ud800", "10 to 128"),
        ("password123", "too common"),
        ("PassWord123", "too common"),
        ("\uff50assword123", "too common"),
        ("ZZzzZZzzZZzz", "too common"),
        ("Alice@Example.com", "email address"),
        ("Tocsin1234!", "name Tocsin"),
        ("tocsintocsin", "name Tocsin"),
        ("alice-example", "email address"),
        ("ALICE-2026!", "email address"),
    ],
)
def test_poor_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as caught:
        check_password(password, EMAIL)
    assert caught.value.path == ("password",)


def test_the_refused_ones_are_all_long_enough_to_matter() -> None:
    assert len(passwords._COMMON_PASSWORDS) >= 100
    assert all(
        len(word) >= passwords.MIN_PASSWORD_LENGTH and word == word.casefold() for word in passwords._COMMON_PASSWORDS
    )


def test_the_caller_says_where_the_password_stands() -> None:
    with pytest.raises(InvalidInput) as caught:
        check_password("short", EMAIL, "newPassword")
    assert caught.value.path == ("newPassword",)


async def test_a_hash_knows_its_password_and_no_other() -> None:
    hashed = await hash_password(GOOD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert await verify_password(GOOD, hashed)
    assert not await verify_password(GOOD + " ", hashed)
    assert not await verify_password("x" * 1_000_000, hashed)
    assert not await verify_password("\ud800", hashed)
    assert hashed != await hash_password(GOOD)


async def test_every_keyboard_spells_a_password_alike() -> None:
    word = "déjà vu à Zürich"
    hashed = await hash_password(unicodedata.normalize("NFC", word))
    assert await verify_password(unicodedata.normalize("NFD", word), hashed)


async def test_the_event_loop_goes_on_meanwhile() -> None:
    turns = 0
    work = asyncio.gather(hash_password(GOOD), dummy_verify())
    while not work.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 10


async def test_a_flood_is_refused_instead_of_piling_up() -> None:
    work = [asyncio.create_task(dummy_verify()) for _ in range(passwords.MAX_WAITING + 12)]
    done = await asyncio.gather(*work, return_exceptions=True)
    refused = [answer for answer in done if isinstance(answer, RateLimited)]
    assert len(refused) == 10
    assert all(0 < error.retry_after <= 5 for error in refused)
    await dummy_verify()  # refused work does not count


async def test_who_goes_away_leaves_his_place() -> None:
    for _ in range(3):
        work = [asyncio.create_task(dummy_verify()) for _ in range(passwords.MAX_WAITING + 2)]
        await asyncio.sleep(0)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await wait_until(_idle)


async def _idle() -> bool:
    return passwords._POOL._in_progress == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
async def test_hashing_gives_way_to_the_rest_of_the_process() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await passwords._compute(priority) == 10
    assert priority() < 10
