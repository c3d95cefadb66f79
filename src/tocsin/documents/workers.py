"""Which workers live."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

_LONGEST = 600.0
"""Seconds: the longest lease that can be set."""


def is_alive(worker: Mapping[str, Any], now: datetime) -> bool:
    """The worker's lease is good. One that ends later than a lease can was given when the clock was wrong."""
    lease = timedelta(seconds=worker.get("lease") or _LONGEST)
    until: datetime = worker["until"]
    return now <= until <= now + 2 * lease
