"""The `polygonArea` job against closed forms, published areas, and transformations that keep the area."""

import json
import math
import random
from dataclasses import replace
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.jobs.geometry.test_geojson import EARTH, SQUARE, collection, feature, polygon
from tests.jobs.http.test_job import BOX, job_context
from tests.outbound.servers import open_client
from tocsin.errors import InvalidInput
from tocsin.jobs.base import ErrorKind, Job, Outcome, SaveContext
from tocsin.jobs.geometry.area import AreaResult, measure_ring
from tocsin.jobs.geometry.countries.outlines import load_atlas
from tocsin.jobs.geometry.geojson import InvalidGeometry
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob, measure_polygons

A, F = 6378137.0, 1 / 298.257223563
B = A * (1 - F)
E = math.sqrt(F * (2 - F))
BOWTIE = polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])

OVER_180 = {
    "type": "MultiPolygon",
    "coordinates": [[[[179, 0], [180, 0], [180, 2], [179, 0]]], [[[179.5, 0], [-179, 0], [-179, 1], [179.5, 0]]]],
}


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


def box(west: float, south: float, east: float, north: float, steps: int = 1) -> list[list[float]]:
    """Return a ring with so many parts of each edge along a parallel."""
    xs = [west + (east - west) * step / steps for step in range(steps + 1)]
    return [*([x, south] for x in xs), *([x, north] for x in reversed(xs)), [west, south]]


def parallel(latitude: float, count: int) -> list[list[float]]:
    """Return a ring around the globe."""
    ring = [[-180 + 360 * step / count, latitude] for step in range(count)]
    return [*ring, ring[0]]


async def attempt(job: Job[Any], params: dict[str, Any]) -> Outcome:
    """Prepare the parameters and make one attempt."""
    stored = job.prepare(params, SaveContext("alice", BOX))
    async with open_client() as client:
        return await job.run_attempt(stored, replace(job_context(client), timeout=60.0))


async def perform(geojson: Any, **more: Any) -> Outcome:
    return await attempt(PolygonAreaJob(), {"geojson": geojson, **more})


# --- known values ---


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


# --- invariants ---


@st.composite
def stars(draw: st.DrawFn) -> list[list[float]]:
    """Draw star-shaped rings away from the poles. Those that cross 180 degrees jump."""
    x, y = draw(st.floats(-180, 180)), draw(st.floats(-60, 60))
    shifts = draw(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=12))
    turns = [(n + shift) * 360 / len(shifts) for n, shift in enumerate(shifts)]  # between them 18 to 168 degrees
    reach = draw(st.lists(st.floats(0.5, 20), min_size=len(turns), max_size=len(turns)))
    ring = [
        [(x + r * math.cos(math.radians(t)) + 180) % 360 - 180, y + r * math.sin(math.radians(t))]
        for t, r in zip(turns, reach, strict=True)
    ]
    return [*ring, ring[0]]


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


# --- invalid polygons ---


@pytest.mark.parametrize(
    ("geojson", "sentence"),
    [
        (BOWTIE, "geojson: the polygon is not valid: self-intersection at longitude 0.5, latitude 0.5."),
        (feature(BOWTIE), "geojson.geometry: the polygon is not valid: self-intersection"),
        (collection(polygon(SQUARE), BOWTIE), "geojson.features[1].geometry: the polygon is not valid"),
        (
            polygon([[179, 0], [-179, 2], [-179, 0], [179, 2], [179, 0]]),
            "geojson: the polygon is not valid: self-intersection at longitude -180, latitude 1.",
        ),
        (
            polygon(SQUARE, box(4, 4, 5, 5)),
            "geojson: the polygon is not valid: hole lies outside shell at longitude 4, latitude 4.",
        ),
        (
            polygon([[0, 80], [120, 80], [-120, 80], [0, 70], [120, 70], [-120, 70], [0, 80]]),
            "geojson: the polygon is not valid: self-intersection at",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[box(0, 0, 2, 2)], [box(1, 1, 3, 3)]]},
            "geojson: its polygons 0 and 1 overlap at longitude 1.",
        ),
        (
            OVER_180,
            "geojson: its polygons 0 and 1 overlap at longitude 179.",
        ),
    ],
)  # fmt: skip
async def test_an_invalid_polygon_fails_with_reason_and_place(geojson: Any, sentence: str) -> None:
    outcome = await perform(geojson)
    assert outcome.error is not None
    assert outcome.error.message.startswith(sentence), outcome.error.message
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.JOB, False)
    assert "repair" in (outcome.error.hint or "")


async def test_a_repaired_bowtie_is_two_triangles() -> None:
    outcome = await perform(BOWTIE, repair=True)
    triangles = [[[0, 0], [0.5, 0.5], [0, 1], [0, 0]], [[1, 0], [0.5, 0.5], [1, 1], [1, 0]]]
    assert outcome.error is None
    assert (outcome.result["polygons"], outcome.result["repaired"]) == (2, True)
    assert outcome.result["areaM2"] == pytest.approx(sum(measure_ring(ring)[0] for ring in triangles), rel=1e-9)


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


async def test_what_would_take_too_long_to_repair_is_refused() -> None:
    outcome = await perform(scribble(2_000), repair=True)
    assert outcome.error is not None
    assert outcome.error.message == (
        "geojson: the polygon crosses itself more than 100,000 times, too often for a repair."
    )
    assert (outcome.error.kind, outcome.error.hint) == (ErrorKind.JOB, "Simplify the geometry.")


def test_what_crosses_itself_less_often_is_repaired() -> None:
    assert result(scribble(100), repair=True)["repaired"]
    resting = [[0, 0]] * 50_000  # a repeated position is not a crossing
    assert result(polygon([*resting, [1, 0], [1, 1], [-1, 0.5], [2, 0.5], [0, 0]]), repair=True)["repaired"]


def test_the_first_of_many_overlaps_is_found_without_all_of_them_in_memory() -> None:
    many = {"type": "MultiPolygon", "coordinates": [[box(0, 0, 1, 1)]] * 1_500}
    found = measure_polygons(many, False)
    assert isinstance(found, InvalidGeometry)
    assert "overlap at longitude 0.5" in found.message


async def test_what_an_attempt_finds_wrong_is_told_with_its_place() -> None:
    """Values of expressions are checked in the compute process."""
    stored = {"geojson": polygon([[0, 0], [1, 0], [1, 99], [0, 0]])}
    async with open_client() as client:
        outcome = await PolygonAreaJob().run_attempt(stored, replace(job_context(client), timeout=60.0))
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BAD_PARAMS
    assert outcome.error.message.startswith("geojson.coordinates[0][2]: the latitude 99 is not within")


def test_what_is_wrong_is_told_when_it_is_saved() -> None:
    with pytest.raises(InvalidInput) as caught:
        PolygonAreaJob().prepare({"geojson": {"type": "Point", "coordinates": [0, 0]}}, SaveContext("alice", BOX))
    assert caught.value.message.startswith("geojson: the type is 'Point'; it must be one of Polygon")
    assert caught.value.path == ("geojson",)


def test_an_expression_may_stand_for_the_polygon() -> None:
    job = PolygonAreaJob()
    assert job.find_faults({"geojson": "${{ steps.fetch.result }}"}) == []
    assert job.find_faults({"geojson": polygon("${{ steps.fetch.result }}")}) == []
    assert len(job.find_faults({"geojson": polygon(7)})) == 1
