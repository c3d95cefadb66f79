"""Round-robin over the owners of due deliveries, none of whom can use all slots. Pure."""

from bisect import insort
from collections import Counter
from collections.abc import Collection


class OwnerRotation:
    """A ring of the owners with due deliveries. `share` is the maximum number made at a time for one owner."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._owners: list[str] = []
        self._last = ""

    def add_owners(self, owners: Collection[str]) -> None:
        """Add owners who may have due deliveries."""
        self._owners = sorted({*self._owners, *owners})

    def add_owner(self, owner: str) -> None:
        """Add an owner who may have due deliveries."""
        if owner not in self._owners:
            insort(self._owners, owner)

    def drop_owner(self, owner: str) -> None:
        """Remove an owner without due deliveries."""
        if owner in self._owners:
            self._owners.remove(owner)

    def has_others(self, owner: str) -> bool:
        """Tell whether others have due deliveries as well."""
        return self._owners not in ([], [owner])

    def next_owner(self, in_progress: Counter[str]) -> str | None:
        """Return the next owner after the last one who is below their share; None if there is none."""
        ring = [owner for owner in self._owners if owner > self._last]
        ring += [owner for owner in self._owners if owner <= self._last]
        free = next((owner for owner in ring if in_progress[owner] < self._share), None)
        if free is not None:
            self._last = free
        return free
