"""Rules for passwords, and their argon2id hashes, computed outside the event loop.

The rules follow NIST SP 800-63B section 5.1.1.2: length counts, composition does not, the most common passwords are
refused, and a password is normalized (NFKC) so that every keyboard yields the same one.
"""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from passlib.hash import argon2

from tocsin.errors import InvalidInput, RateLimited

Computed = TypeVar("Computed")
MIN_PASSWORD_LENGTH, MAX_PASSWORD_LENGTH = 10, 128
"""Minimum and maximum characters of a password."""

argon2.set_backend()  # now, since passlib loads it at the first call and fails if two threads race for that
_ARGON2: Any = argon2.using(type="ID", memory_cost=65_536, rounds=3, parallelism=4)
"""RFC 9106 section 4, the second recommended option: 64 MiB, three passes, four lanes."""
_THREADS = 2
"""Two computations at a time limit the memory (64 MiB each)."""
MAX_WAITING = 20
"""Computations that wait for a thread, for about two seconds. More are refused: a flood of log-ins must not pile up."""
_MAX_NORMALIZED = 4 * MAX_PASSWORD_LENGTH

_COMMON = """
0123456789 1122334455 123123123123 1234512345 123456123456 12345678910 123456789a 1234567890 12345678901
123456789012 1234567890a 1234567890q 1234567899 123456qwerty 1234qwerasdf 123qweasdzxc 147258369a
1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc 1qazxsw23edc 9876543210 987654321a abc1234567 abc123456789 abcd123456
abcd1234567 abcdefghij abcdefghijk administrator adminadmin admin12345 admin123456 asdfasdfasdf asdfghjkl1
asdfghjkl123 asdfghjkl; asdf123456 basketball birthday123 butterfly1 changeme123 changemenow chocolate1
computer123 default123 dragon123456 football123 football1234 freedom123
iloveyou12 iloveyou123 iloveyou1234 letmein123 letmein1234 letmeinplease liverpool1 liverpoolfc manchester
master123456 mypassword mypassword1 p@ssw0rd123 p@ssword123 pass123456 passpasspass passw0rd123 password00
password01 password10 password11 password12 password123 password1234 password12345 password123456
password1! password12! password123! passwordpassword princess123 princess12 q1w2e3r4t5 q1w2e3r4t5y6
qazwsxedcrfv qazwsx1234 qwe123qwe123 qweasdzxc123 qwer123456 qwerasdfzxcv qwerty1234 qwerty12345
qwerty123456 qwertyqwerty qwertyuiop qwertyuiop1 qwertyuiop123 secret1234 secretsecret starwars123
summer2024 summer2025 sunshine12 sunshine123 superman123 testtest12 testtest123 test123456
trustno1trustno1 unbelievable welcome123 welcome1234 welcome2024 welcome2025 winter2024 winter2025
zaq12wsxcde3 zxcvbnm123 zxcvbnm1234 zxcvbnmasdfghjkl
"""
_COMMON_PASSWORDS = frozenset(_COMMON.split())
_PRODUCT = "tocsin"
_MIN_WORD, _MIN_OTHERS = 4, 8
"""Minimum length of a part of the address that counts, and of the rest of a password without such parts."""


def check_password(password: str, email: str, *path: str) -> None:
    """Check a new password of the user with this address. Raises InvalidInput at `path` (by default `password`)."""
    path = path or ("password",)
    text = _normalize(password)
    if text is None or not MIN_PASSWORD_LENGTH <= len(text) <= MAX_PASSWORD_LENGTH:
        raise InvalidInput(f"A password is text of {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters.", *path)
    if len(set(text.casefold())) == 1 or text.casefold() in _COMMON_PASSWORDS:
        raise InvalidInput("This password is too common. Choose another.", *path)
    if text.casefold() == email.casefold():
        raise InvalidInput("The email address is too easy to guess as a password. Choose another.", *path)
    if _is_guessed_from_context(text.casefold(), email.casefold()):
        message = "A password made of parts of the email address or the name Tocsin is too easy to guess."
        raise InvalidInput(f"{message} Choose another.", *path)


def _is_guessed_from_context(text: str, email: str) -> bool:
    """Tell whether too little is left of the password without words that are known from the account."""
    local, _, domain = email.partition("@")
    for word in (local, *domain.split("."), _PRODUCT):
        if len(word) >= _MIN_WORD:
            text = text.replace(word, "")
    return len(text) < _MIN_OTHERS


async def hash_password(password: str) -> str:
    """Return the argon2id hash of a password that `check_password` accepts, with its salt and parameters."""
    text = _normalize(password)
    if text is None:
        raise InvalidInput(
            f"A password is text of {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters.", "password"
        )
    hashed: str = await _compute(_ARGON2.hash, text)
    return hashed


async def verify_password(password: str, hashed: str) -> bool:
    """Tell whether `hashed` is the hash of this password. Takes the same time for any password."""
    text = _normalize(password)
    if text is None:
        await dummy_verify()
        return False
    matches: bool = await _compute(_ARGON2.verify, text, hashed)
    return matches


async def dummy_verify() -> None:
    """Take as long as a verification, so that the time does not reveal that there was nothing to verify."""
    await _compute(_ARGON2.hash, "")


class _Pool:
    """Threads of low priority, which argon2's own threads inherit."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "argon2", self._lower_priority)
        self._lock = threading.Lock()
        self._in_progress = 0

    def submit(self, work: Callable[..., Computed], *arguments: str) -> Future[Computed]:
        """Start the work as soon as a thread is free. Raises RateLimited."""
        self.refuse_when_full()
        with self._lock:
            self._in_progress += 1
        future = self._threads.submit(work, *arguments)
        future.add_done_callback(self._done)
        return future

    def refuse_when_full(self) -> None:
        """Raise RateLimited if the maximum number waits. Only the event loop's thread adds to them."""
        if self._in_progress >= _THREADS + MAX_WAITING:
            raise RateLimited("Too many passwords are being checked. Try again in 2 s.", 2)

    def _done(self, _: object) -> None:
        with self._lock:
            self._in_progress -= 1

    @staticmethod
    def _lower_priority() -> None:
        if sys.platform == "linux":  # elsewhere threads share one priority
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


_POOL = _Pool()


def check_capacity() -> None:
    """Raise RateLimited if no password could be checked now. To be called before any other work."""
    _POOL.refuse_when_full()


async def _compute(work: Callable[..., Computed], *arguments: str) -> Computed:
    """Run the work in the pool. Raises RateLimited if too much work is waiting."""
    return await asyncio.wrap_future(_POOL.submit(work, *arguments))


def _normalize(password: str) -> str | None:
    """Return the password in normal form NFKC; None if it is far too long or not text (half a surrogate pair)."""
    if len(password) > _MAX_NORMALIZED:
        return None
    text = unicodedata.normalize("NFKC", password)
    try:
        text.encode()
    except UnicodeEncodeError:
        return None
    return text
