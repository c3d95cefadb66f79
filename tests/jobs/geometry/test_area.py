"""The area and perimeter of polygons: known values, and what must not change them."""

import json
import math
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.jobs.geometry.shapes import EARTH, box, collection, parallel, polygon, stars
from tocsin.jobs.geometry.area import AreaResult, measure_ring
from tocsin.jobs.geometry.countries.outlines import load_atlas
from tocsin.jobs.geometry.geojson import InvalidGeometry
from tocsin.jobs.geometry.polygon_area import measure_polygons

A, F = 6378137.0, 1 / 298.257223563


B = A * (1 - F)


E = math.sqrt(F * (2 - F))


def result(geojson: Any, *, repair: bool = False) -> AreaResult:
    found = measure_polygons(geojson, repair)
    assert not isinstance(found, InvalidGeometry), found
    return found


def cell(south: float, north: float, degrees: float) -> float:
    """Return the m² between two parallels, by the integral of a zone (b²/2 · (s/(1-e²s²) + ln((1+es)/(1-es))/2e))."""

    def zone(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return B * B / 2 * (s / (1 - (E * s) ** 2) + math.log((1 + E * s) / (1 - E * s)) / (2 * E))

    return math.radians(degrees) * (zone(north) - zone(south))


def test_an_octant_is_an_eighth_of_the_earth() -> None:
    found = result(polygon([[0, 0], [90, 0], [0, 90], [0, 0]]))
    assert found["areaM2"] == pytest.approx(EARTH / 8, rel=1e-12)
    assert found["perimeterM"] == pytest.approx(A * math.pi / 2 + 2 * 10001965.7293, abs=0.01)


@pytest.mark.parametrize("south", [0, 45, 80, -46])
def test_a_cell_of_one_degree(south: int) -> None:
    found = result(polygon(box(10, south, 11, south + 1, steps=200)))
    assert found["areaM2"] == pytest.approx(cell(south, south + 1, 1), rel=1e-6)


@pytest.mark.parametrize("latitude", [60, 85, -70])
def test_a_cap_round_a_pole(latitude: int) -> None:
    found = result(polygon(parallel(latitude, 3600)))
    assert found["areaM2"] == pytest.approx(cell(abs(latitude), 90, 360), rel=1e-6)


def test_a_ring_of_land_round_a_pole() -> None:
    found = result(polygon(parallel(60, 3600), parallel(80, 1800)))
    assert found["areaM2"] == pytest.approx(cell(60, 80, 360), rel=1e-5)
    outer, inner = (result(polygon(parallel(latitude, count))) for latitude, count in ((60, 3600), (80, 1800)))
    assert found["perimeterM"] == pytest.approx(outer["perimeterM"] + inner["perimeterM"])


def test_more_than_half_of_the_earth() -> None:
    assert result(polygon([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]))["areaM2"] == EARTH
    lune = [[0, 0], [120, 0], [-120, 0], [0, 90], [0, 0]]  # 240 degrees of the northern half
    assert result(polygon(lune))["areaM2"] == pytest.approx(EARTH / 3, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "km2", "tolerance"),
    [("Germany", 357_022, 0.01), ("France", 643_801, 0.02), ("Russian Federation", 17_098_242, 0.02),
     ("Brazil", 8_515_770, 0.01), ("Iceland", 103_000, 0.03), ("Lesotho", 30_355, 0.02)],
)  # fmt: skip
def test_countries_have_their_published_areas(name: str, km2: float, tolerance: float) -> None:
    (country,) = (country for country in load_atlas().countries if country.name == name)
    inside = shapely.intersection(country.outline, shapely.box(-180, -90, 180, 90))  # Russia extends beyond the map
    polygons = [part for part in shapely.get_parts(inside) if part.geom_type == "Polygon"]
    assert result(json.loads(shapely.to_geojson(shapely.MultiPolygon(polygons))))["areaM2"] == pytest.approx(
        km2 * 1e6, rel=tolerance
    )


@given(ring=stars(), start=st.integers(0, 11))
def test_neither_order_nor_start_of_a_ring_matter(ring: list[list[float]], start: int) -> None:
    expected = result(polygon(ring))
    start %= len(ring) - 1
    turned = [*ring[start:-1], *ring[: start + 1]]
    for other in (ring[::-1], turned, turned[::-1]):
        found = result(polygon(other))
        assert found["areaM2"] == pytest.approx(expected["areaM2"], rel=1e-9)
        assert found["perimeterM"] == pytest.approx(expected["perimeterM"], rel=1e-9)


@given(ring=stars(), by=st.floats(-360, 360))
def test_the_earth_is_round(ring: list[list[float]], by: float) -> None:
    moved = [[(x + by + 180) % 360 - 180, y] for x, y in ring]
    moved[-1] = moved[0]
    assert result(polygon(moved))["areaM2"] == pytest.approx(result(polygon(ring))["areaM2"], rel=1e-6)


@given(
    west=st.floats(160, 179.5), width=st.floats(1, 40), south=st.floats(-80, 70), height=st.floats(0.5, 9)
)  # fmt: skip
def test_a_polygon_cut_at_180_degrees_is_the_one_that_jumps(
    west: float, width: float, south: float, height: float
) -> None:
    east, north = west + width, south + height
    assume(east > 180.1)
    ring = [[x - 360 if x > 180 else x, y] for x, y in box(west, south, east, north, 400)]
    left, right = box(west, south, 180, north, 400), box(-180, south, east - 360, north, 400)
    cut = result({"type": "MultiPolygon", "coordinates": [[left], [right]]})
    assert cut["polygons"] == 2
    assert result(polygon(ring))["areaM2"] == pytest.approx(cut["areaM2"], rel=1e-5)


@given(ring=stars())
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_the_parts_sum_up_to_the_whole(ring: list[list[float]]) -> None:
    small = [[20, 75], [21, 75], [21, 76], [20, 75]]
    whole = result(collection(polygon(ring), polygon(small)))
    assert [part["feature"] for part in whole["parts"]] == [0, 1]
    assert whole["areaM2"] == sum(part["areaM2"] for part in whole["parts"])
    assert whole["parts"][1]["areaM2"] == measure_ring(small)[0]


def test_holes_are_taken_from_the_area_and_added_to_the_perimeter() -> None:
    outer, hole = box(179, 0, 181, 2), box(179.5, 0.5, 180.5, 1.5)
    rings = [[[x - 360 if x > 180 else x, y] for x, y in ring] for ring in (outer, hole)]
    found, whole, gap = (result(polygon(*given)) for given in (rings, rings[:1], rings[1:]))
    assert found["areaM2"] == pytest.approx(whole["areaM2"] - gap["areaM2"], rel=1e-12)
    assert found["perimeterM"] == pytest.approx(whole["perimeterM"] + gap["perimeterM"], rel=1e-12)
