"""Which polygons are valid, and how others are repaired."""

import random
from typing import Any

import numpy as np
import pytest

from tests.jobs.geometry.shapes import BOWTIE, SQUARE, box, polygon
from tocsin.jobs.geometry.area import AreaResult, measure_ring
from tocsin.jobs.geometry.geojson import InvalidGeometry, parse_shapes
from tocsin.jobs.geometry.polygon_area import measure_polygons
from tocsin.jobs.geometry.validity import ValidPolygons, check_polygons, exceeded_crossing_limit


def result(geojson: Any, *, repair: bool = False) -> AreaResult:
    found = measure_polygons(geojson, repair)
    assert not isinstance(found, InvalidGeometry), found
    return found


def test_repaired_overlaps_count_once() -> None:
    both = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 2, 2)], [box(1, 0, 3, 2)]]}
    assert result(both, repair=True)["areaM2"] == pytest.approx(measure_ring(box(0, 0, 3, 2, 3))[0], rel=1e-4)


def test_a_repair_that_leaves_nothing_fails() -> None:
    found = measure_polygons(polygon([[0, 0], [1, 0], [0, 0], [0, 0]]), True)
    assert isinstance(found, InvalidGeometry)
    assert "is empty after the repair" in found.message


def scribble(positions: int) -> dict[str, Any]:
    """Return a ring whose crossings are about a quarter of its pairs of edges."""
    rng = random.Random(7)
    ring = [[rng.uniform(-10, 10), rng.uniform(-10, 10)] for _ in range(positions)]
    return polygon([*ring, ring[0]])


def test_what_crosses_itself_less_often_is_repaired() -> None:
    assert result(scribble(100), repair=True)["repaired"]
    resting = [[0, 0]] * 50_000  # a repeated position is not a crossing
    assert result(polygon([*resting, [1, 0], [1, 1], [-1, 0.5], [2, 0.5], [0, 0]]), repair=True)["repaired"]


def test_the_first_of_many_overlaps_is_found_without_all_of_them_in_memory() -> None:
    many = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 1, 1)]] * 1_500}
    found = measure_polygons(many, False)
    assert isinstance(found, InvalidGeometry)
    assert "overlap at longitude 0.5" in found.message


def check(geojson: Any, *, repair: bool = False) -> ValidPolygons | InvalidGeometry:
    (shape,) = parse_shapes(geojson, ("Polygon", "MultiPolygon"))
    return check_polygons(shape, repair=repair)


def test_a_valid_polygon_is_returned_as_it_is_even_if_it_may_be_repaired() -> None:
    for repair in (False, True):
        valid = check(polygon(SQUARE), repair=repair)
        assert isinstance(valid, ValidPolygons)
        assert valid == ValidPolygons([[[(x, y) for x, y in SQUARE]]], repaired=False)


def test_of_several_polygons_the_invalid_one_is_named() -> None:
    found = check({"type": "MultiPolygon", "coordinates": [[SQUARE], BOWTIE["coordinates"]]})
    assert isinstance(found, InvalidGeometry)
    assert found.message == ("geojson: polygon 1 is not valid: self-intersection at longitude 0.5, latitude 0.5.")


def test_polygons_may_share_an_edge_but_no_area() -> None:
    beside = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 1, 1)], [box(1, 0, 2, 1)]]}
    assert isinstance(check(beside), ValidPolygons)
    within = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 9, 9)], [box(1, 1, 2, 2)]]}
    assert isinstance(check(within), InvalidGeometry)
    repaired = check(within, repair=True)
    assert isinstance(repaired, ValidPolygons)
    assert (len(repaired.polygons), repaired.repaired) == (1, True)


def test_a_polygon_around_a_pole_is_repaired_there() -> None:
    star = polygon([[0, 80], [120, 80], [-120, 80], [0, 70], [120, 70], [-120, 70], [0, 80]])
    assert isinstance(check(star), InvalidGeometry)
    repaired = check(star, repair=True)
    assert isinstance(repaired, ValidPolygons)
    assert repaired.repaired
    assert all(ring[:, 1].min() >= 40 for rings in repaired.polygons for ring in rings)


def test_lines_that_cross_seldom_are_within_the_limit() -> None:
    assert exceeded_crossing_limit([np.array([[0.0, 0], [1, 1]]), np.array([[0.0, 1], [1, 0]])]) is None
    assert exceeded_crossing_limit([np.zeros((5, 2))]) is None  # without an edge
