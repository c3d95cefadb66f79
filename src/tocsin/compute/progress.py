"""Progress that a computation tells from within its process."""

import time
from collections.abc import Callable

MAX_TEXT_LENGTH = 200
"""Maximum length of the text of a progress, in characters. The rest is cut off."""
BURST = 20
PER_SECOND = 10
"""Reports that are sent at once, and then each second, so that a loop can tell each of its turns."""
Send = Callable[[int, int, str | None], None]


def ignore_progress(done: int, all: int, text: str | None = None) -> None:
    """Ignore what a job tells, where nobody wants to know."""


class ProgressReporter:
    """Sends reports, but not too many. The last one that was left out is sent with the next one or by `flush`."""

    def __init__(self, send: Send, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._send, self._monotonic = send, monotonic
        self._credit, self._credited_at = float(BURST), monotonic()
        self._left_out: tuple[int, int, str | None] | None = None

    def report(self, done: int, all: int, text: str | None) -> None:
        """Send a report, or leave it out if there were too many."""
        now = self._monotonic()
        self._credit = min(self._credit + (now - self._credited_at) * PER_SECOND, BURST)
        self._credited_at = now
        self._left_out = (done, all, text)
        if self._credit >= 1:
            self._credit -= 1
            self.flush()

    def flush(self) -> None:
        """Send what was left out."""
        if self._left_out is not None:
            report, self._left_out = self._left_out, None
            self._send(*report)


_reporters: list[ProgressReporter] = []
"""The reporter of the computation that this process makes; none in other processes."""


def report_progress(done: int, all: int, text: str | None = None) -> None:
    """Tell how much of its work the computation has done: `done` of `all` parts, and a text for people.

    Call it in functions that are passed to `context.compute`, as often as you like. Elsewhere it does nothing.
    """
    if _reporters:
        _reporters[-1].report(int(done), int(all), None if text is None else str(text)[:MAX_TEXT_LENGTH])


def begin_reporting(send: Send) -> ProgressReporter:
    """Send the reports of the computation that begins now."""
    _reporters[:] = [ProgressReporter(send)]
    return _reporters[0]


def end_reporting() -> None:
    """Send no more reports."""
    _reporters.clear()
