"""Whose mails go next: owners take turns, and none of them has all the room. Pure."""

from bisect import insort
from collections import Counter
from collections.abc import Collection


class Turns:
    """The owners with due mails, in a ring. `share` is how many mails of one owner are on their way at once."""

    def __init__(self, share: int) -> None:
        self._share = share
        self._owners: list[str] = []
        self._last = ""

    def line_up(self, owners: Collection[str]) -> None:
        """These are the owners with due mails now."""
        self._owners = sorted(owners)

    def add(self, owner: str) -> None:
        """This owner may have due mails."""
        if owner not in self._owners:
            insort(self._owners, owner)

    def drop(self, owner: str) -> None:
        """This owner has no due mail any more."""
        if owner in self._owners:
            self._owners.remove(owner)

    def has_others(self, owner: str) -> bool:
        """Tell whether others have due mails too."""
        return self._owners not in ([], [owner])

    def next(self, under_way: Counter[str]) -> str | None:
        """The owner behind the one who was last and who may have more mails on their way; None if there is none."""
        ring = [owner for owner in self._owners if owner > self._last]
        ring += [owner for owner in self._owners if owner <= self._last]
        free = next((owner for owner in ring if under_way[owner] < self._share), None)
        if free is not None:
            self._last = free
        return free
