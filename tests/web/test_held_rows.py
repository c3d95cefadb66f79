"""Rows of a live list that stay in their places: which are shown, which are gone, and how many are new above them."""

from typing import Any

import pytest

from tests.web.dashboard_modules import needs_modules, values

pytestmark = needs_modules


def rows(ids: str, version: int = 1) -> list[dict[str, Any]]:
    return [{"id": each, "version": version} for each in ids]


@pytest.mark.parametrize(
    ("shown", "latest", "order", "gone", "fresh"),
    [
        ("abc", "abc", "abc", "", 0),
        ("abc", "xabc", "abc", "", 1),
        ("abc", "xyab", "abc", "c", 2),
        ("abc", "ca", "abc", "b", 0),
        ("abc", "acxy", "abc", "b", 0),
        ("abc", "xbyc", "abc", "a", 1),
        ("abc", "wxyz", "abc", "abc", 4),
        ("abc", "", "abc", "abc", 0),
    ],
    ids=["the same", "one new", "pushed out", "in another order", "from below", "between", "all pushed out", "emptied"],
)
async def test_rows_keep_their_places_and_are_current(
    shown: str, latest: str, order: str, gone: str, fresh: int
) -> None:
    (held,) = await values(["holdRows", rows(shown), rows(latest, 2)])
    assert [row["id"] for row in held["rows"]] == list(order)
    assert {row["id"] for row in held["rows"] if row["version"] == 1} == set(gone)
    assert (held["gone"], held["fresh"]) == (list(gone), fresh)
