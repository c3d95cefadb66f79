"""Functions that tests run in compute processes. Slow imports are avoided, because each process repeats them."""

import os
import signal
import time
from pathlib import Path

from tocsin.compute.progress import report_progress

_kept: list[str] = []


def sleep(seconds: float) -> int:
    """Sleep and return the id of the process."""
    time.sleep(seconds)
    return os.getpid()


def tell(count: int, fails: bool) -> int:
    """Tell the progress of a quick loop, and of what follows."""
    for number in range(count):
        report_progress(number, count, f"part {number}")
    if fails:
        raise ValueError("it fails")
    return count


def burn() -> None:
    """Burn CPU time forever."""
    while True:
        pass


def spin(seconds: float) -> float:
    """Burn CPU time and return the seconds used."""
    began = time.process_time()
    while time.process_time() < began + seconds:
        pass
    return time.process_time() - began


def eat(megabytes: int) -> int:
    """Allocate memory and return its size."""
    return len([bytearray(1024 * 1024) for _ in range(megabytes)])


def crash() -> None:
    """Crash like a fault in C code."""
    os.kill(os.getpid(), signal.SIGSEGV)


def read_environment() -> dict[str, str]:
    """Return the environment that a computation can see, also through the kernel."""
    text = Path(f"/proc/{os.getpid()}/environ").read_text()
    entries = [entry.partition("=") for entry in text.split("\0") if entry]
    return {name: value for name, _, value in entries} | dict(os.environ)


def remember(text: str) -> list[str]:
    """Return all strings that this process has received."""
    _kept.append(text)
    return _kept


def repeat(text: str, times: int) -> str:
    """Return a long string."""
    return text * times


def count(values: list[list[int]]) -> int:
    """Return the number of lists received."""
    return len(values)


def get_niceness() -> int:
    """Return the niceness of the process."""
    return os.nice(0)


class Unsendable(Exception):
    """An error that cannot be pickled back."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(first + second)


def raise_unsendable() -> None:
    """Raise an error that cannot be pickled."""
    raise Unsendable("no ", "way")
