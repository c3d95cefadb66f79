"""The partitions of due tasks and queued runs, and which of them a process serves. Pure.

Partitions save work and keep nothing safe: two processes that serve the same one for a moment pick the same heads, and
the ids of runs and the fences of claims let only one of them succeed. So no process has to ask before it serves one.
"""

from collections.abc import Collection, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Protocol
from zlib import crc32

PARTITIONS = 64
"""The number of partitions: enough to divide work evenly among a dozen processes."""
SILENCE_SECONDS = 0.8
"""A process whose heartbeat has not changed for so many seconds serves no partitions."""


class Partitions(Protocol):
    """The partitions of a process. May be asked from any thread. A message broker can be another form of this."""

    @property
    def is_alone(self) -> bool:
        """True if this process serves everything."""

    def serves(self, key: str) -> bool:
        """Return whether this process serves the partition of this key: the id of an owner or of a run."""


class Share:
    """The partitions of one of several members, by rendezvous hashing: a member that leaves moves only its own."""

    def __init__(self, me: str = "", members: Collection[str] = ()) -> None:
        self.members = frozenset(members) | {me}
        self.is_alone = len(self.members) == 1
        ordered = sorted(self.members)
        self._served = [max(ordered, key=lambda name: _weight(name, each)) == me for each in range(PARTITIONS)]

    def serves(self, key: str) -> bool:
        """Return whether this member serves the partition of this key."""
        return self.is_alone or self._served[partition_of(key)]


def partition_of(key: str) -> int:
    """Return the partition of a key, which is the same in every process."""
    return crc32(key.encode()) % PARTITIONS


@lru_cache(maxsize=8192)
def _weight(member: str, partition: int) -> bytes:
    return blake2b(f"{partition} {member}".encode(), digest_size=8).digest()


ALL_PARTITIONS = Share()
"""The share of a process that is alone."""


class Roster:
    """The members that are alive, judged by when their heartbeats change here: the clocks of others do not matter."""

    def __init__(self, silence: float = SILENCE_SECONDS) -> None:
        self._silence = silence
        self._seen: dict[str, tuple[int, float]] = {}

    def observe(self, beats: Mapping[str, int], now: float) -> frozenset[str]:
        """Return the members whose heartbeat is new or changed recently. `now` is in monotonic seconds."""
        kept = {name: seen for name, seen in self._seen.items() if beats.get(name) == seen[0]}
        self._seen = {name: (beat, now) for name, beat in beats.items()} | kept
        return frozenset(name for name, (_, at) in self._seen.items() if now - at <= self._silence)
