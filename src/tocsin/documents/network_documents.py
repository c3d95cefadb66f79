"""Outages of the network as they are stored in MongoDB. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict

from tocsin.documents.states import NetworkFailureState


class OutageObserverDocument(TypedDict):
    """A process that an outage cut off, from `since` to `back_at` (null while it is). `seen_at`: it last said so."""

    worker: str
    since: datetime
    seen_at: datetime
    back_at: datetime | None


class OutageEndDocument(TypedDict):
    """The end of an outage, of which the administrators are being told."""

    outage: str
    since: datetime
    over_at: datetime


class NetworkStateChanges(TypedDict, total=False):
    """The fields of the network state that an update sets."""

    outage: str | None
    open: bool
    since: datetime | None
    over_at: datetime | None
    observers: list[OutageObserverDocument]
    is_announced: bool
    is_end_announced: bool
    untold_end: OutageEndDocument | None
    retrier: str | None
    retrier_until: datetime | None


class NetworkStateDocument(TypedDict):
    """The stored network state. See `tocsin.documents.NetworkState` for the meaning of the fields."""

    _id: str
    outage: str | None
    open: bool
    since: datetime | None
    over_at: datetime | None
    observers: list[OutageObserverDocument]
    is_announced: bool
    is_end_announced: bool
    untold_end: NotRequired[OutageEndDocument | None]
    retrier: NotRequired[str | None]
    retrier_until: NotRequired[datetime | None]
    rev: int


class NetworkFailureDocument(TypedDict):
    """A stored failure. See `tocsin.documents.NetworkFailure` for the meaning of the fields."""

    _id: str
    run: str
    owner: str
    worker: str
    fence: int
    at: datetime
    state: NetworkFailureState
