"""Which workers live."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

MAX_LEASE = timedelta(minutes=10)
"""The longest lease that can be set."""


def is_alive(worker: Mapping[str, Any], now: datetime) -> bool:
    """The worker's lease is good. One that ends later than a lease can was given when the clock was wrong."""
    lease = timedelta(seconds=seconds) if (seconds := worker.get("lease")) else MAX_LEASE
    until: datetime = worker["until"]
    return now <= until <= now + 2 * lease
