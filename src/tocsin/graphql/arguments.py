"""Arguments that many fields share."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import strawberry

from tocsin.clock import EPOCH, MILLISECOND
from tocsin.errors import InvalidInput

GlobalId = Annotated[strawberry.ID, strawberry.argument(description="Global ID, as returned by this API.")]
INPUT_ARGUMENT = strawberry.argument(description="Parameters of the mutation.")


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


@contextmanager
def prefix_errors(*path: str) -> Iterator[None]:
    """Prepend `path` to the paths of errors about the input."""
    try:
        yield
    except InvalidInput as error:
        raise error.prefix_path(*path) from None
