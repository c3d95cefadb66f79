"""How often something may be done: the arithmetic of a bucket, and what names one.

A bucket holds `capacity` points and is refilled evenly in `period`. It is kept as one time: until when it would take to
be full again (the generic cell rate algorithm, GCRA). Taking points moves that time on; points can be taken while it
lies no further ahead than `period`. It never moves back, so an old copy of it only errs on the generous side.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b
from ipaddress import IPv6Address, IPv6Network, ip_address

Milliseconds = float
"""Since 1970, or between two moments. A part of one counts too: a point may stand for less."""


SKEW: Milliseconds = 15_000
"""The clocks of servers over one database differ by less, and a clock is not set back by less without harm."""
ROUNDING: Milliseconds = 0.01
"""Times of today are doubles that are good to 0.0003 ms: whoever waited just long enough must not be refused."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A kind of bucket: its name, how many points it holds, and in how many seconds an empty one is full again."""

    name: str
    capacity: float
    period: float

    @property
    def window(self) -> Milliseconds:
        """How far ahead the time may lie at which it is full again."""
        return self.period * 1000

    def spend(self, points: float) -> Milliseconds:
        """How long the bucket needs to win these points back."""
        return points * self.window / self.capacity

    def furthest(self, now: Milliseconds) -> Milliseconds:
        """A time later than this was not reckoned from now: a clock was set back since, and the bucket is full."""
        return now + self.window + SKEW

    def wait(self, full_at: Milliseconds, points: float, now: Milliseconds) -> float:
        """Seconds until these points can be taken; 0 if they can be now. Never, if they exceed the capacity."""
        if points > self.capacity:
            return math.inf
        if full_at > self.furthest(now):
            return 0.0
        early = max(full_at, now) + self.spend(points) - now - self.window
        return early / 1000 if early > ROUNDING else 0.0

    def remaining(self, full_at: Milliseconds, now: Milliseconds) -> float:
        """The points that can be taken now."""
        ahead = 0.0 if full_at > self.furthest(now) else max(full_at - now, 0.0)
        return max(self.capacity * (1 - ahead / self.window), 0.0)


def address_key(address: str) -> str:
    """What an address counts as: itself, but of IPv6 the network /64, which one customer has all of."""
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
    """The id of one bucket. What was typed into a log-in form is not kept: it may be a password in the wrong field."""
    return f"{bucket.name}:{blake2b(key.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"
