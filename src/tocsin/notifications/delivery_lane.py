"""The deliveries of one kind that a worker has in progress, in slots of their own. Pure."""

from collections import Counter

from tocsin.documents import DeliveryDocument, Filter
from tocsin.notifications.owner_rotation import OwnerRotation

SLOTS = 8
OWNER_SHARE = SLOTS // 2


class DeliveryLane:
    """Up to `SLOTS` deliveries of those that the query `among` selects, of which one owner has at most half."""

    def __init__(self, among: Filter) -> None:
        self.among = among
        self.owners = OwnerRotation(OWNER_SHARE)
        self.owner_counts = Counter[str]()
        self.in_progress: dict[str, DeliveryDocument] = {}

    def next_claim(self) -> tuple[str, int] | None:
        """Return whose turn it is, and how many of theirs can be made now; None if nothing can be."""
        room = SLOTS - len(self.in_progress)
        owner = self.owners.next_owner(self.owner_counts) if room > 0 else None
        if owner is None:
            return None
        return owner, min(1 if self.owners.has_others(owner) else room, OWNER_SHARE - self.owner_counts[owner])

    def begin(self, delivery: DeliveryDocument) -> None:
        """Give a slot to a delivery."""
        self.in_progress[delivery["_id"]] = delivery
        self.owner_counts[delivery["owner"]] += 1

    def end(self, delivery: DeliveryDocument) -> None:
        """Take the slot back. Those that waited for this one may be made now."""
        del self.in_progress[delivery["_id"]]
        self.owner_counts -= Counter((delivery["owner"],))
        self.owners.add_owner(delivery["owner"])
