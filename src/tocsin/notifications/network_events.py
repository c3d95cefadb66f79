"""The events of the network of this installation, for its administrators. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from tocsin.notifications.events import Event, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkDown(Event):
    """No canary has answered since about this time, so failures of targets are inconclusive."""

    kind: EventKind = EventKind.NETWORK_DOWN
    since: datetime

    @classmethod
    def from_outage(cls, admin: str, outage: str, since: datetime) -> Self:
        """Return the event of an outage of the network for one administrator."""
        return cls(id=f"network:{outage}:{admin}:down", owner=admin, at=since, since=since)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkUp(Event):
    """A canary answers again, so an outage of the network is over."""

    kind: EventKind = EventKind.NETWORK_UP
    since: datetime

    @classmethod
    def from_outage(cls, admin: str, outage: str, since: datetime, over_at: datetime) -> Self:
        """Return the event of the end of an outage for one administrator."""
        return cls(id=f"network:{outage}:{admin}:up", owner=admin, at=over_at, since=since)
