"""Rings unwrapped into a plane, and measures there."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.jobs.geometry.shapes import EARTH
from tocsin.jobs.geometry.plane import (
    area,
    from_polar,
    length,
    line_to_map,
    polygon_to_map,
    ring_area,
    to_polar,
    unwrap_ring,
    wrap_to_map,
)


def test_a_ring_over_180_degrees_is_laid_out_without_a_jump() -> None:
    flat = unwrap_ring([[170, 0], [-170, 0], [-170, 5], [170, 5], [170, 0]])
    assert flat.points[:, 0].tolist() == [170, 190, 190, 170, 170]


def test_a_ring_round_a_pole_is_closed_over_the_nearer_one() -> None:
    ring = [[0, 60], [120, 60], [-120, 60], [0, 60]]
    assert unwrap_ring(ring).pole == 90
    assert unwrap_ring([[x, -y] for x, y in ring]).pole == -90
    assert np.ptp(unwrap_ring(ring).points[:, 0]) == 360


def test_the_map_has_nothing_twice() -> None:
    whole = polygon_to_map([[(170, 0), (-170, 0), (-170, 5), (170, 5), (170, 0)]])
    assert shapely.bounds(whole).tolist() == [-180, 0, 180, 5]
    assert shapely.get_num_geometries(whole) == 2
    assert shapely.area(whole) == pytest.approx(100)
    along = wrap_to_map(shapely.LineString([(180, 0), (180, 10), (190, 10)]))
    assert shapely.length(along) == pytest.approx(20)


def test_the_flat_area_of_the_whole_map_is_the_earths() -> None:
    assert area(shapely.box(-180, -90, 180, 90)) == pytest.approx(EARTH, rel=1e-12)


def test_the_flat_area_of_small_polygons_keeps_its_digits() -> None:
    side = 1e-5
    small = area(shapely.box(10, 80, 10 + side, 80 + side))
    # 1.115 m along the meridian (111.66 km a degree at 80 degrees), 0.1939 m along the parallel
    assert small == pytest.approx(1.1166 * 0.19394, rel=1e-3)


def test_the_flat_length_of_meridian_and_equator() -> None:
    assert length(shapely.LineString([(5, -90), (5, 90)])) == pytest.approx(20003931.4586, abs=1)
    assert length(shapely.LineString([(0, 0), (90, 0)])) == pytest.approx(6378137 * np.pi / 2, rel=1e-12)


def test_lines_take_the_short_way() -> None:
    assert shapely.bounds(line_to_map([(179, 1), (-179, 1)])).tolist() == [-180, 1, 180, 1]


@given(st.floats(-180, 180), st.floats(-90, 90), st.sampled_from([90, -90]))
def test_what_is_projected_around_a_pole_is_projected_back(longitude: float, latitude: float, pole: int) -> None:
    ((x, y),) = from_polar(to_polar(np.array([[longitude, latitude]]), pole), pole)
    assert y == pytest.approx(latitude, abs=1e-9)
    if abs(latitude - pole) > 1e-3:  # at the pole, any longitude is the same place
        assert (x - longitude + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_a_ring_through_a_pole_has_no_jump() -> None:
    flat = unwrap_ring([[0, 80], [0, 90], [90, 80], [0, 80]])
    assert flat.pole == 0
    assert flat.points.tolist() == [[0, 80], [0, 90], [90, 90], [90, 80], [0, 80]]


def test_the_area_of_a_ring_is_positive_counterclockwise() -> None:
    ring = np.array([[0.0, 0], [1, 0], [1, 1], [0, 0]])
    assert ring_area(ring) == pytest.approx(-ring_area(ring[::-1]), rel=1e-12)
    assert ring_area(ring) > 0


def test_points_and_lines_have_no_area_and_areas_no_length() -> None:
    mixed = shapely.GeometryCollection(
        [shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 0)]), shapely.box(0, 0, 1, 1)]
    )
    assert area(mixed) == area(shapely.box(0, 0, 1, 1))
    assert length(mixed) == length(shapely.LineString([(0, 0), (1, 0)]))
    assert area(shapely.Polygon()) == length(shapely.LineString()) == 0


def test_a_hole_is_moved_to_where_its_shell_is() -> None:
    shell, hole = [[170, 0], [-170, 0], [-170, 9], [170, 9], [170, 0]], [[-179, 1], [-178, 1], [-178, 2], [-179, 1]]
    whole = polygon_to_map([shell, hole])
    assert shapely.is_valid(whole)
    assert shapely.area(whole) == pytest.approx(20 * 9 - 0.5)
