"""Percentiles of histograms are within the promised error of the true ones."""

import random
from collections import Counter

import pytest

from tocsin.statistics.histogram import RELATIVE_ERROR, bin_of, find_percentile


@pytest.mark.parametrize("fraction", [0.01, 0.5, 0.95, 1.0])
@pytest.mark.parametrize("longest", [10, 5_000, 10_000_000])
def test_a_percentile_is_within_the_error_of_the_true_one(fraction: float, longest: int) -> None:
    chosen = random.Random(longest)
    times = sorted(chosen.randint(1, longest) for _ in range(1_000))
    found = find_percentile(Counter(map(bin_of, times)), fraction)
    true = times[max(round(fraction * len(times)) - 1, 0)]
    assert found is not None
    assert abs(found - true) <= max(true * RELATIVE_ERROR, 0.5) + 0.5  # rounded to milliseconds


def test_without_times_there_is_no_percentile() -> None:
    assert find_percentile({}, 0.5) is None


def test_times_below_a_millisecond_are_zero() -> None:
    assert find_percentile({bin_of(0): 3}, 0.95) == 0


def test_a_histogram_has_few_bins() -> None:
    assert len({bin_of(2**power) for power in range(60)}) < 40
    assert bin_of(10**15) == bin_of(366 * 86_400_000), "times beyond a year are in one bin"
