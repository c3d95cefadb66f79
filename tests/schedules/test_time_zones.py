from datetime import timedelta

import pytest

from tests.schedules.expressions import CHANGES
from tests.schedules.oracle import utc
from tocsin.schedules.time_zones import (
    first_offset_change,
    format_fixed_offset,
    get_zone,
    iter_offset_changes,
    last_offset_change,
    suggest_zone,
    utc_offset_at,
)

DAY = timedelta(days=1)


@pytest.mark.parametrize(("key", "change"), CHANGES)
@pytest.mark.parametrize("margin", [timedelta(milliseconds=1), timedelta(seconds=1), DAY, 40 * DAY])
def test_finds_the_moment_of_a_change_from_both_sides(key: str, change: str, margin: timedelta) -> None:
    zone, moment = get_zone(key), utc(change)
    assert first_offset_change(zone, moment - margin, moment + margin) == moment
    assert last_offset_change(zone, moment - margin, moment + margin) == moment
    assert first_offset_change(zone, moment - margin, moment) == moment
    assert last_offset_change(zone, moment, moment + margin) is None
    assert first_offset_change(zone, moment, moment + margin) is None


def test_all_changes_of_some_years_in_order() -> None:
    found = list(iter_offset_changes(get_zone("Europe/Berlin"), utc("2025-06-01T00:00"), utc("2027-06-01T00:00")))
    assert found == [utc(f"{day}T01:00") for day in ("2025-10-26", "2026-03-29", "2026-10-25", "2027-03-28")]


def test_utc_never_changes() -> None:
    assert list(iter_offset_changes(get_zone("UTC"), utc("1970-01-01T00:00"), utc("2100-01-01T00:00"))) == []


def test_an_offset_leads_to_a_zone_that_has_it() -> None:
    for hours in range(-14, 15):
        zone = suggest_zone(f"UTC{hours:+}")
        if hours < -12:
            assert zone is None
            continue
        assert zone is not None
        assert utc_offset_at(get_zone(zone), utc("2026-07-01T00:00")) == timedelta(hours=hours)
        assert format_fixed_offset(zone) == (f"UTC{hours:+03}:00" if hours else None)
