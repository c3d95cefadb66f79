"""Liveness of workers."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

MAX_LEASE = timedelta(minutes=10)
"""The maximum lease that can be configured."""


def is_alive(worker: Mapping[str, Any], now: datetime) -> bool:
    """Return whether the worker's lease is valid. A lease that ends too far in the future was set by a wrong clock."""
    lease = timedelta(seconds=seconds) if (seconds := worker.get("lease")) else MAX_LEASE
    until: datetime = worker["until"]
    return now <= until <= now + 2 * lease
