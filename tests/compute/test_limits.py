"""The sentences about limits name the limit that was reached, in the units of its setting."""

import pytest

from tocsin.compute.limits import MEBIBYTE, ComputeLimit, ComputeLimitReached, ComputeLimits

LIMITS = ComputeLimits(memory_bytes=64 * MEBIBYTE, cpu_seconds=7, result_bytes=3 * MEBIBYTE)


@pytest.mark.parametrize(
    ("limit", "sentence", "setting"),
    [
        (ComputeLimit.MEMORY, "The work needed more than 64 MB of memory.", "TOCSIN_COMPUTE_MEMORY"),
        (ComputeLimit.TIME, "The work took more than 7 seconds of processor time.", "TOCSIN_COMPUTE_SECONDS"),
        (ComputeLimit.SIZE, "The input or the result of the work is larger than the limit of 3 MB.", ""),
        (
            ComputeLimit.CRASH,
            "The process that did the work crashed; it may have needed more than 64 MB of memory.",
            "",
        ),
    ],
)
def test_a_limit_that_was_reached_is_named_with_its_setting(limit: ComputeLimit, sentence: str, setting: str) -> None:
    error = ComputeLimitReached(limit, LIMITS)
    assert (str(error), error.limit) == (sentence, limit)
    assert setting in error.hint
