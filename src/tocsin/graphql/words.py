"""The arguments of all lists, described once."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.errors import InvalidInput

First = Annotated[
    int | None,
    strawberry.argument(description="The first so many rows, 1 to 100. Default: 20, unless `last` is given."),
]
After = Annotated[str | None, strawberry.argument(description="Only rows after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="The last so many rows, 1 to 100.")]
Before = Annotated[str | None, strawberry.argument(description="Only rows before this cursor.")]

WHAT = strawberry.argument(description="What to do, and with what.")
"""The one argument of every mutation."""
_LONGEST_TEXT = 200
_SPECIAL = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})


@strawberry.input(description="A span of time.")
class TimeWindow:
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Not earlier than this. Default: no limit."
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="Earlier than this (exclusive). Default: no limit."
    )


def bounds(window: TimeWindow | None) -> tuple[datetime | None, datetime | None]:
    """The first and the last millisecond of the window."""
    if not window:
        return None, None
    return window.from_ or None, max(window.to, EPOCH) - MILLISECOND if window.to else None


def contains(text: str, *path: str) -> dict[str, str]:
    """The condition that a text contains this one, whatever the case. Raises InvalidInput."""
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InvalidInput(f"Give at most {_LONGEST_TEXT} characters to look for.", *path)
    return {"$regex": text.translate(_SPECIAL), "$options": "i"}
