"""The outlines and codes of all countries."""

import numpy as np
import pytest
import shapely

from tocsin.jobs.geometry.countries.outlines import Country, _unpack_polygon, load_atlas

ATLAS = load_atlas()


def country(name: str) -> Country:
    (found,) = (country for country in ATLAS.countries if country.name == name)
    return found


def test_every_code_is_one_or_none() -> None:
    for entry in ATLAS.countries:
        assert entry.iso_a2 is None or (len(entry.iso_a2) == 2 and entry.iso_a2.isupper()), entry.name
        assert entry.iso_a3 is None or (len(entry.iso_a3) == 3 and entry.iso_a3.isupper()), entry.name
    without = {entry.name for entry in ATLAS.countries if entry.iso_a2 is None}
    assert without == {"Northern Cyprus", "Siachen Glacier", "Somaliland"}
    assert (country("Norway").iso_a3, country("France").iso_a3, country("Kosovo").iso_a3) == ("NOR", "FRA", "XKX")


def test_outlines_are_valid_and_apart() -> None:
    outlines = np.array([entry.outline for entry in ATLAS.countries])
    assert shapely.is_valid(outlines).all()
    first, second = shapely.STRtree(outlines).query(outlines, predicate="overlaps")
    assert list(zip(first, second, strict=True)) == []


def test_positions_are_packed_as_differences() -> None:
    """The steps are in 1/100,000 of a degree, and each ring begins anew."""
    square = _unpack_polygon(
        [[100_000, 200_000, 300_000, 0, 0, 300_000, -300_000, -300_000], [200_000, 250_000, 1, 0, 0, 1, -1, -1]]
    )
    shell, hole = (shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(square))
    assert shell == [[1, 2], [4, 2], [4, 5], [1, 2]]
    assert hole[1] == pytest.approx([2.00001, 2.5])


def test_the_data_are_of_the_named_version_and_reach_beyond_the_edges_of_the_map() -> None:
    assert (ATLAS.source, ATLAS.version) == ("Natural Earth", "5.1")
    assert shapely.bounds(country("Antarctica").outline)[1] < -90
    assert shapely.bounds(country("Russian Federation").outline)[2] > 180
