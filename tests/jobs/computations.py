"""Functions that processes are given in tests. Nothing is imported that takes long: each process does it anew."""

import os
import signal
import time
from pathlib import Path

_kept: list[str] = []


def sleep(seconds: float) -> int:
    """Returns the process it slept in."""
    time.sleep(seconds)
    return os.getpid()


def burn() -> None:
    """Never ends by itself."""
    while True:
        pass


def spin(seconds: float) -> float:
    """Returns the seconds of processor time that it took."""
    began = time.process_time()
    while time.process_time() < began + seconds:
        pass
    return time.process_time() - began


def eat(megabytes: int) -> int:
    """Returns how many it had."""
    return len([bytearray(1024 * 1024) for _ in range(megabytes)])


def crash() -> None:
    """Dies as a fault in C does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def read_environment() -> dict[str, str]:
    """What a computation may see of it, also by asking the kernel."""
    text = Path(f"/proc/{os.getpid()}/environ").read_text()
    entries = [entry.partition("=") for entry in text.split("\0") if entry]
    return {name: value for name, _, value in entries} | dict(os.environ)


def remember(text: str) -> list[str]:
    """All texts that this process was given."""
    _kept.append(text)
    return _kept


def repeat(text: str, times: int) -> str:
    """A long text."""
    return text * times


def count(values: list[list[int]]) -> int:
    """How many."""
    return len(values)


def get_niceness() -> int:
    """How much it gives way."""
    return os.nice(0)


class Unsendable(Exception):
    """An error that cannot be pickled back."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def raise_unsendable() -> None:
    """Raises what cannot be sent."""
    raise Unsendable("no ", "way")
