"""Arguments that many fields share."""

from datetime import datetime

import strawberry

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.errors import InvalidInput

INPUT_ARGUMENT = strawberry.argument(description="Parameters of the mutation.")
_LONGEST_TEXT = 200
_SPECIAL = str.maketrans({character: f"\\{character}" for character in r"\.+*?()|[]{}^$"})


@strawberry.input(description="A half-open time range: `from` is included, `to` is not.")
class TimeWindow:
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Start of the range, inclusive. Default: unbounded."
    )
    to: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="End of the range, exclusive. Default: unbounded."
    )


def window_bounds(window: TimeWindow | None) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last millisecond of the window, both inclusive; None where it is unbounded."""
    if not window:
        return None, None
    return window.from_ or None, max(window.to, EPOCH) - MILLISECOND if window.to else None


def contains_text(text: str, *path: str) -> dict[str, str]:
    """Return the MongoDB condition for a case-insensitive substring match. Raises InvalidInput."""
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InvalidInput(f"The search text can have at most {_LONGEST_TEXT} characters, and no NUL character.", *path)
    return {"$regex": text.translate(_SPECIAL), "$options": "i"}
