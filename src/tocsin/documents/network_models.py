"""The models of outages of the network, and of the runs that failed by it."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from tocsin.documents.base import StoredDocument, ascending_index
from tocsin.documents.states import NetworkFailureState

if TYPE_CHECKING:
    from tocsin.documents.network_documents import OutageEndDocument, OutageObserverDocument
else:  # Pydantic would drop the keys that a TypedDict does not name
    OutageEndDocument = OutageObserverDocument = dict[str, Any]


class NetworkState(StoredDocument):
    """The last outage of the network, on which the processes agree. There is one document.

    `outage` is the ID of the outage, null if there was none yet; it lasts while `open`. `observers` are the processes
    that it cut off. `is_announced` is true once the administrators were notified. `is_end_announced` is true once that
    is decided about its end, after which another outage begins; until it is done, `untold_end` is that end. `retrier`
    is the process that tries runs again, until `retrier_until`. `rev` changes with each change.
    """

    outage: str | None = None
    open: bool = False
    since: datetime | None = None
    over_at: datetime | None = None
    observers: list[OutageObserverDocument] = []
    is_announced: bool = True
    is_end_announced: bool = True
    untold_end: OutageEndDocument | None = None
    retrier: str | None = None
    retrier_until: datetime | None = None
    rev: int = 0

    class Settings:
        name = "network_states"


class NetworkFailure(StoredDocument):
    """An attempt that failed by the network, by the ID `run#fence`, until it is explained.

    `worker` made the attempt, which ended at `at`; `fence` is that of its claim.
    """

    run: str
    owner: str
    worker: str
    fence: int
    at: datetime
    state: NetworkFailureState

    class Settings:
        name = "network_failures"
        indexes: ClassVar = [ascending_index("state", "at")]
