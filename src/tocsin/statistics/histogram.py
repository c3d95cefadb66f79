"""Histograms of times in milliseconds with logarithmic bins, from which percentiles are read. Pure.

As in DDSketch (Masson, Rim, Lee 2019): each bin is wider than the one below by the same factor, so a percentile differs
from the true one by at most `RELATIVE_ERROR`, whatever the times are. Histograms are added bin by bin.
"""

import math
from collections.abc import Mapping

RELATIVE_ERROR = 0.05
_FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_FACTOR = math.log(_FACTOR)
_LONGEST_MS = 366 * 86_400_000
LOWEST_BIN = -1
"""The bin of times below a millisecond."""

Histogram = Mapping[int, int]
"""The numbers of times by their bin."""


def bin_of(milliseconds: int) -> int:
    """Return the bin of a time. Times of more than a year are in the last one."""
    if milliseconds < 1:
        return LOWEST_BIN
    return math.ceil(math.log(min(milliseconds, _LONGEST_MS)) / _LOG_FACTOR)


def find_percentile(histogram: Histogram, fraction: float) -> int | None:
    """Return the time in milliseconds that this fraction of the times does not exceed; None without times.

    It is the middle of its bin, and so within `RELATIVE_ERROR` of the time of that rank (rounded up).
    """
    rank = math.ceil(fraction * sum(histogram.values()))
    for number in sorted(histogram):
        rank -= histogram[number]
        if rank <= 0:
            return _middle_of(number)
    return None


def _middle_of(number: int) -> int:
    """Return the time that differs from both ends of a bin by the same factor."""
    return 0 if number == LOWEST_BIN else round(2 * _FACTOR**number / (_FACTOR + 1))
