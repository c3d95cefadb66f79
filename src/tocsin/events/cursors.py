"""Cursors of events: the places from which a subscription goes on. Pure.

A cursor of a live event is the time of its change. A client that was away for long is told what changed since then from
the state of the database (`catch_up`), section by section, and a cursor among those events also names the row of the
section: so it goes on there, at any process, and afterwards with what changed since the reading of sections began.
"""

import base64
import binascii
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from tocsin.clock import EPOCH, MILLISECOND, epoch_milliseconds
from tocsin.documents import Change
from tocsin.documents.keyset import CursorPosition
from tocsin.errors import InvalidInput

_MAX_LENGTH = 400
_TIME = r"-?[0-9]{1,14}"
_CURSOR = re.compile(rf"event:({_TIME})(?::({_TIME}):([a-z_]+):([0-9a-f]{{8}}):({_TIME}):(.+))?", re.DOTALL)
_MALFORMED = "This is not a cursor of an event. Use `cursor` of an event of this subscription, exactly as it was sent."


class Place(NamedTuple):
    """A place while a client catches up: the row of a section after which it goes on.

    `began_at` is when the reading of sections began, by the clock of the database, and `filter_digest` names the filter
    that the sections were read for.
    """

    began_at: datetime
    section: str
    filter_digest: str
    row: CursorPosition


@dataclass(frozen=True, slots=True)
class EventCursor:
    """A place in the events: everything that changed before `since` was told, and what comes before `place`, if any."""

    since: datetime
    place: Place | None = None

    def at(self, place: Place) -> "EventCursor":
        """Return the cursor at a place of catching up since the same time."""
        return replace(self, place=place)

    def encode(self) -> str:
        """Return the opaque text."""
        text = f"event:{epoch_milliseconds(self.since)}"
        if self.place is not None:
            began_at, section, filter_digest, row = self.place
            times = epoch_milliseconds(began_at), epoch_milliseconds(row.key)
            text += f":{times[0]}:{section}:{filter_digest}:{times[1]}:{row.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()


def decode_event_cursor(text: str, *path: str) -> EventCursor:
    """Decode a cursor. Raises InvalidInput at `path` if it is malformed or belongs to something else."""
    try:
        if len(text) > _MAX_LENGTH:
            raise ValueError(len(text))
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True).decode()
        found = _CURSOR.fullmatch(raw)
        if found is None:
            raise ValueError(raw)
        since = _time(found[1])
        if since < EPOCH:  # nobody was given it, and earlier times may not exist
            raise ValueError(raw)
        if found[2] is None:
            return EventCursor(since)
        return EventCursor(since, Place(_time(found[2]), found[3], found[4], CursorPosition(_time(found[5]), found[6])))
    except (binascii.Error, ValueError, OverflowError):
        raise InvalidInput(_MALFORMED, *path) from None


def cursor_of(change: Change) -> str:
    """Return the cursor of the event of a change, from which a subscription goes on after it."""
    return change.cursor or EventCursor(change.at).encode()


def _time(text: str) -> datetime:
    return EPOCH + int(text) * MILLISECOND
