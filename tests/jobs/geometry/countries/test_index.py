"""The countries of points, compared with a slow reference model."""

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.jobs.geometry.countries.index import CountryIndex, load_index
from tocsin.jobs.geometry.countries.outlines import Atlas, Country, load_atlas
from tocsin.jobs.geometry.plane import area, length

ATLAS = load_atlas()


longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


def model(longitude: float, latitude: float) -> set[str]:
    """Return the shares by testing every country, without an index."""
    here = shapely.Point(longitude, latitude)
    return {country.name for country in ATLAS.countries if shapely.intersects(country.outline, here)}


@given(places=st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_points_are_found_as_the_slow_model_finds_them(places: list[tuple[float, float]]) -> None:
    which, owners, _ = load_index().locate_points(np.array(places))
    for number, place in enumerate(places):
        assert {ATLAS.countries[owner].name for owner in owners[which == number]} == model(*place)


WEST, EAST = shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)
TWO = CountryIndex(
    Atlas(
        "",
        "",
        tuple(Country(name, None, None, shapely.MultiPolygon([box])) for name, box in (("W", WEST), ("E", EAST))),
    )
)


def test_a_point_on_a_border_counts_half_for_each_side_and_is_inside_neither() -> None:
    found = TWO.match_points(np.array([[5.0, 5], [10, 5], [50, 50]]))
    assert {number: (match.amount, match.is_inside) for number, match in found.items()} == {
        0: (1.5, True),
        1: (0.5, False),
    }


def test_an_area_is_divided_by_country_and_a_neighbour_is_only_touched() -> None:
    found = TWO.match_area(shapely.box(5, 2, 15, 4))
    assert [found[number].amount for number in (0, 1)] == pytest.approx([area(shapely.box(5, 2, 10, 4))] * 2, rel=1e-9)
    touching = TWO.match_area(shapely.box(5, 2, 10, 4))
    assert (touching[0].is_inside, touching[1].is_inside, touching[1].amount) == (True, False, 0)
    assert TWO.match_area(shapely.box(50, 50, 51, 51)) == {}


def test_a_line_along_a_border_counts_half_for_each_side() -> None:
    line = shapely.LineString([(10, 2), (10, 4), (12, 4)])
    found = TWO.match_lines(line)
    along, across = (length(shapely.LineString(part)) for part in ([(10, 2), (10, 4)], [(10, 4), (12, 4)]))
    assert found[0].amount == pytest.approx(along / 2)
    assert found[1].amount == pytest.approx(along / 2 + across)
    assert (found[0].is_inside, found[1].is_inside) == (False, True)
