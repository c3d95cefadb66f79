"""The times of the attempts of a live delivery. Pure.

Ten attempts fill the time until the mail. The first one is at once, and each interval is half as long again as the one
before: with 15 minutes, the second attempt follows after 8 seconds, and the last one 5 minutes before the mail.
"""

from datetime import datetime

from tocsin.clock import truncate_to_milliseconds

MAX_ATTEMPTS = 10
_GROWTH = 1.5
_PARTS = tuple((_GROWTH**number - 1) / (_GROWTH**MAX_ATTEMPTS - 1) for number in range(MAX_ATTEMPTS + 1))
"""The parts of the time after which each attempt is made; the last one is the end."""


def find_next_attempt(begun: datetime, deadline: datetime, made: int, now: datetime) -> datetime:
    """Return the time of the attempt after the `made` ones (1 or more); the deadline if there is none before it.

    Attempts whose time has passed are left out, as after a time without a process: so none follow each other at once.
    """
    whole = deadline - begun
    earliest = now + whole * _PARTS[1] / 2
    times = (begun + whole * part for part in _PARTS[made:MAX_ATTEMPTS])
    return truncate_to_milliseconds(min(next((at for at in times if at >= earliest), deadline), deadline))


def is_over(deadline: datetime, made: int, now: datetime) -> bool:
    """Tell whether no attempt is left, or no time for one."""
    return made >= MAX_ATTEMPTS or now >= deadline
