"""Positions of readers in the notifications of an owner, and the cursors that name them. Pure.

Readers go from the oldest to the newest by (`stored_at`, ID), and must get each notification once. But notifications
become visible in another order than their times: two inserts overtake each other. Whoever only remembered the last one
read would never see one that appears before it afterwards.

So a position has two parts. `floor` is a place up to which everything was given, and it only moves over what is older
than `OVERLAP`: nothing appears there any more. `given` names what was given beyond it. A reader reads from the floor
on, so what appears late is read, and what was given before is skipped. The cursor contains both parts, so it continues
at any process. Within the overlap, the order in which notifications are given is that in which they appeared.

All times are by the clock of the database, which stamps notifications. If that is set back, a floor can lie in its
future, and hide what is stored until then. Such a position is an error: the list shows what is stored.

`given` is bounded: a reader that has had `MAX_GIVEN` beyond the floor waits until the floor can move. So a flood of
notifications is read at 100 a second, and its cursors stay below 6 kB.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.documents import NotificationDocument
from tocsin.documents.keyset import AFTER_ALL_IDS, CursorPosition
from tocsin.errors import InvalidInput

OVERLAP = timedelta(seconds=5)
"""Age from which on a notification is visible to all."""
MAX_GIVEN = 500
"""Notifications beyond the floor that a position names."""
_IN_FUTURE = (
    "This cursor lies in the future: the clock of the server was set back. Read the list notifications, and go on with "
    "the cursor of its first one."
)
_DIGEST_BYTES = 6  # 8 characters; two of 500 IDs have the same digest once in two billion positions
_MAX_CURSOR_LENGTH = 8_000
_CURSOR = re.compile(rf"notification_feed:(-?[0-9]{{1,16}}):((?:[A-Za-z0-9_-]{{8}}){{0,{MAX_GIVEN}}}):(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """A position of a reader: everything up to `floor` was given, and beyond it what `given` has the digests of."""

    floor: CursorPosition
    given: frozenset[str] = frozenset()

    @classmethod
    def at(cls, moment: datetime) -> "FeedPosition":
        """Return the position after everything that was stored until this time."""
        return cls(CursorPosition(moment, AFTER_ALL_IDS))

    def has_given(self, notification: NotificationDocument) -> bool:
        """Tell whether a notification was given."""
        at = (notification["stored_at"], notification["_id"])
        return at <= (self.floor.key, self.floor.id) or digest(notification["_id"]) in self.given

    def require_past(self, now: datetime, *path: str) -> None:
        """Raise InvalidInput at `path` if the floor is later than the time of the database: its clock was set back."""
        if self.floor.key > now:
            raise InvalidInput(_IN_FUTURE, *path)

    def settle(self, rows: Iterable[NotificationDocument], horizon: datetime) -> "FeedPosition":
        """Return the position after `rows`, which were all there are beyond it and were all given."""
        recent = frozenset(digest(row["_id"]) for row in rows if row["stored_at"] > horizon)
        floor = self.floor if self.floor.key > horizon else CursorPosition(horizon, AFTER_ALL_IDS)
        return FeedPosition(floor, self.given & recent)

    def encode(self) -> str:
        """Return the opaque cursor."""
        text = f"notification_feed:{epoch_milliseconds(self.floor.key)}:{''.join(sorted(self.given))}:{self.floor.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()


def decode_position(text: str, *path: str) -> FeedPosition:
    """Decode a cursor. Raises InvalidInput at `path` if it is malformed or belongs to another list."""
    try:
        if len(text) > _MAX_CURSOR_LENGTH:
            raise ValueError(len(text))
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode()
        match = _CURSOR.fullmatch(raw)
        if match is None:
            raise ValueError(raw)
        floor = CursorPosition(EPOCH + int(match[1]) * MILLISECOND, match[3])
        return FeedPosition(floor, frozenset(match[2][start : start + 8] for start in range(0, len(match[2]), 8)))
    except (binascii.Error, ValueError, OverflowError):
        message = (
            "This is not a cursor of notifications. Use `cursor` of a notification, or `endCursor` of a page that was "
            "requested with waitSeconds."
        )
        raise InvalidInput(message, *path) from None


def digest(notification_id: str) -> str:
    """Return the name of a notification within a position."""
    short = blake2b(notification_id.encode(), digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(short).decode()


class Step(NamedTuple):
    """A notification that was read, whether it was not given before, and the position after it.

    `attempt` is the number of the attempt at its live delivery: more than 1 if it is given again.
    """

    row: NotificationDocument
    is_new: bool
    position: FeedPosition
    attempt: int = 1


def follow(start: FeedPosition, rows: Iterable[NotificationDocument], horizon: datetime) -> Iterator[Step]:
    """Yield a step for each row, which are sorted and lie beyond the start.

    `horizon` is the time until which everything is visible. Ends early at a row that the position has no room for.
    """
    floor, given = start.floor, start.given
    for row in rows:
        name = digest(row["_id"])
        is_new = name not in given
        if row["stored_at"] <= horizon:
            floor, given = CursorPosition(row["stored_at"], row["_id"]), given - {name}
        elif is_new:
            if len(given) >= MAX_GIVEN:
                return
            given |= {name}
        yield Step(row, is_new, FeedPosition(floor, given))


def locate(rows: Sequence[NotificationDocument], horizon: datetime) -> dict[str, FeedPosition]:
    """Return the position after each of these rows of a list, by ID, for a reader that was given those before it.

    A row that the list does not contain, such as one of another page, can be given again.
    """
    ordered = sorted(rows, key=lambda row: (row["stored_at"], row["_id"]))
    return {step.row["_id"]: step.position for step in follow(FeedPosition.at(horizon), ordered, horizon)}
