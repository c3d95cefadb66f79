"""The sizes of the windows in which a list is read: pure calculations, without a database."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.clock import EPOCH, MILLISECOND

LOWEST_KEY = datetime(1, 1, 2, tzinfo=EPOCH.tzinfo)
HIGHEST_KEY = datetime(9999, 12, 30, tzinfo=EPOCH.tzinfo)
FIRST_WIDTH = timedelta(seconds=2)
_GROWTH = 8
_SPARE = 1.5  # the density varies, and a second window costs more than a few rows


@dataclass(frozen=True, slots=True)
class Window:
    """A range of the key, both ends inclusive. `beyond` is the first key after it; None for the last window."""

    low: datetime
    high: datetime
    beyond: datetime | None


@dataclass(slots=True)
class Frontier:
    """The rest of the range from `low` to `high`, both inclusive. Rows are expected from `edge` to `horizon`.

    Without a horizon, or beyond it, the rest is one window: so no row is missed, and no time is lost where none are.
    """

    low: datetime
    high: datetime
    down: bool
    edge: datetime
    horizon: datetime | None

    def next_window(self, width: timedelta) -> Window:
        """Return the next window, of this width if it is not the last one."""
        left = self.edge - self.low if self.down else self.high - self.edge
        if left <= width:  # tested first, because `far` could be no valid time
            return Window(self.low, self.high, None)
        far = self.edge - width if self.down else self.edge + width
        if not (self.low < far < self.high and self._is_expected(far)):
            return Window(self.low, self.high, None)
        return Window(far + MILLISECOND, self.high, far) if self.down else Window(self.low, far - MILLISECOND, far)

    def can_shrink(self, window: Window) -> bool:
        """Return whether a narrower window would leave rows to another one."""
        return window.beyond is not None or self._is_expected(self.edge)

    def distance_to(self, key: datetime | None) -> timedelta:
        """Return how far the key lies ahead. None stands for the end of the expected rows."""
        end = (self.horizon or self.edge) if key is None else key
        return self.edge - end if self.down else end - self.edge

    def advance(self, beyond: datetime) -> None:
        """Go on behind a window."""
        self.edge = beyond
        if self.down:
            self.high = beyond
        else:
            self.low = beyond

    def _is_expected(self, far: datetime) -> bool:
        if self.horizon is None:
            return False
        return self.horizon < far if self.down else far < self.horizon


@dataclass(slots=True)
class Pace:
    """The width of the next window, which should contain at most `most` rows.

    It is a guess while `is_blind`, because the window before was empty. It is best to count the rows of such a window
    first: that costs a quarter of reading them.
    """

    most: int
    width: timedelta = FIRST_WIDTH
    is_blind: bool = True
    growth: int = _GROWTH

    def narrow(self) -> bool:
        """Make the window narrower, and do not let it grow until rows are found. Return whether that is possible."""
        possible = self.width > MILLISECOND
        self.width, self.growth = _whole_milliseconds(self.width / _GROWTH), 1
        return possible

    def adapt(self, matched: int, scanned: int, needed: int) -> None:
        """Choose the next width, after a window in which this many rows matched and were looked through."""
        self.is_blind = scanned == 0
        if self.is_blind:
            self.width *= self.growth
            return
        target = needed * _SPARE * scanned / matched if matched else self.most
        factor = max(1 / _GROWTH, min(target / scanned, self.most / scanned, _GROWTH))
        self.width, self.growth = _whole_milliseconds(self.width * factor), _GROWTH


class WidthMemory:
    """Remembers by list how wide a range contained enough rows, so that the next walk begins with that.

    These are hints of one process: a list that has changed is read with other windows, and just as completely.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._widths: OrderedDict[str, timedelta] = OrderedDict()

    def recall(self, name: str) -> timedelta | None:
        """Return the width for the first window of this list; None if the list is not known."""
        return self._widths.get(name)

    def remember(self, name: str, width: timedelta) -> None:
        """Store the width that was enough for this list, and forget the list that was read longest ago."""
        self._widths[name] = _whole_milliseconds(width)
        self._widths.move_to_end(name)
        if len(self._widths) > self._size:
            self._widths.popitem(last=False)


def _whole_milliseconds(width: timedelta) -> timedelta:
    return max(width // MILLISECOND, 1) * MILLISECOND
