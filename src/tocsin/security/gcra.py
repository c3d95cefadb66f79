"""Rate limits by the generic cell rate algorithm (GCRA): the arithmetic of a bucket, and bucket ids.

A bucket holds `capacity` points and is refilled evenly in `period`. Its state is one time: when it will be full again.
Taking points advances that time; points can be taken while it is no further ahead than `period`. It never moves back,
so a stale copy only errs on the generous side.
"""

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Milliseconds = float
"""A time since 1970 or a duration. Fractions count: a point may be worth less than a millisecond."""

SKEW: Milliseconds = 15_000
"""The clocks of servers over one database differ by less, and a clock set back by less does no harm."""
ROUNDING: Milliseconds = 0.01
"""Present times as doubles are exact to 0.0003 ms: a caller that waited just long enough must not be refused."""
PRUNED_SIZE = 10_000
"""The number of buckets above which `Buckets` forgets those that are full again."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A kind of bucket: its name, the points that it holds, and the seconds in which an empty one is refilled.

    `skew` is the greatest difference between the clocks that write its state.
    """

    name: str
    capacity: float
    period: float
    skew: Milliseconds = SKEW

    @property
    def window(self) -> Milliseconds:
        """The longest time until the bucket is full again."""
        return self.period * 1000

    def refill_time(self, points: float) -> Milliseconds:
        """Return the time in which these points are refilled."""
        return points * self.window / self.capacity

    def latest_valid_time(self, now: Milliseconds) -> Milliseconds:
        """Return the latest valid state. A later one was written before a clock was set back, and counts as full."""
        return now + self.window + self.skew

    def valid_state(self, full_at: Milliseconds, now: Milliseconds) -> Milliseconds:
        """Return the state, which is `now` for a full bucket and for one with an invalid state."""
        return now if full_at > self.latest_valid_time(now) else max(full_at, now)

    def after_taking(self, full_at: Milliseconds, points: float, now: Milliseconds) -> Milliseconds:
        """Return the state after these points are taken."""
        return self.valid_state(full_at, now) + self.refill_time(points)

    def seconds_until(self, full_at: Milliseconds, points: float, now: Milliseconds) -> float:
        """Return the seconds until these points can be taken; 0 for now, infinite if they exceed the capacity."""
        if points > self.capacity:
            return math.inf
        early = self.after_taking(full_at, points, now) - now - self.window
        return early / 1000 if early > ROUNDING else 0.0

    def remaining_points(self, full_at: Milliseconds, now: Milliseconds) -> float:
        """Return the points that can be taken now."""
        ahead = self.valid_state(full_at, now) - now
        return max(self.capacity * (1 - ahead / self.window), 0.0)


class Buckets(Generic[K]):
    """The states of buckets by key, without those that are full again. Not thread-safe.

    `find_bucket` returns the bucket of a key, None for one without a limit.
    """

    def __init__(self, find_bucket: Callable[[K], Bucket | None]) -> None:
        self._find_bucket = find_bucket
        self._full_at: dict[K, Milliseconds] = {}
        self._prune_at = PRUNED_SIZE

    def __len__(self) -> int:
        return len(self._full_at)

    def seconds_until(self, key: K, now: Milliseconds) -> float:
        """Return the seconds until a point can be taken; 0 for now."""
        bucket = self._find_bucket(key)
        return 0.0 if bucket is None else bucket.seconds_until(self._full_at.get(key, 0.0), 1, now)

    def take(self, key: K, now: Milliseconds) -> None:
        """Take a point, whether or not there is one."""
        if (bucket := self._find_bucket(key)) is None:
            return
        self._full_at[key] = bucket.after_taking(self._full_at.get(key, 0.0), 1, now)
        if len(self._full_at) > self._prune_at:
            self._full_at = {key: at for key, at in self._full_at.items() if self._is_in_use(key, at, now)}
            self._prune_at = max(PRUNED_SIZE, 2 * len(self._full_at))  # so that not every call prunes

    def _is_in_use(self, key: K, full_at: Milliseconds, now: Milliseconds) -> bool:
        bucket = self._find_bucket(key)
        return bucket is not None and bucket.valid_state(full_at, now) > now


def network_key(address: str) -> str:
    """Return the key of a network address: itself, or for IPv6 the /64 network, which belongs to one customer."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(IPv6Network((ip, 64), strict=False))
    return str(ip)


def bucket_id(bucket: Bucket, key: str) -> str:
    """Return the id of a bucket. The key is hashed: text from a log-in form may be a password in the wrong field."""
    return f"{bucket.name}:{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
