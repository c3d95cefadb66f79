"""The `countryLookup` job: known places, shares that sum up, and a comparison with a slow reference model."""

import random
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jobs.geometry.test_geojson import collection, polygon
from tests.jobs.geometry.test_polygon_area import BOWTIE, attempt, box, parallel, stars
from tests.jobs.http.test_job import BOX
from tocsin.errors import InvalidInput
from tocsin.jobs.base import Outcome, SaveContext
from tocsin.jobs.geometry.countries.index import load_index
from tocsin.jobs.geometry.countries.outlines import Country, load_atlas
from tocsin.jobs.geometry.country_lookup import CountryLookupJob, look_up_countries
from tocsin.jobs.geometry.geojson import InvalidGeometry
from tocsin.jobs.geometry.overlay import CountryShares
from tocsin.jobs.geometry.plane import area

ATLAS = load_atlas()
longitudes, latitudes = st.floats(-180, 180), st.floats(-90, 90)


def country(name: str) -> Country:
    (found,) = (country for country in ATLAS.countries if country.name == name)
    return found


def found(geojson: Any) -> CountryShares:
    result = look_up_countries(geojson, False)
    assert not isinstance(result, InvalidGeometry), result
    return result


def shares(geojson: Any) -> dict[str, float]:
    return {entry["name"]: entry["share"] for entry in found(geojson)["countries"]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line(*positions: Any) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": list(positions)}


def model(longitude: float, latitude: float) -> set[str]:
    """Return the shares by testing every country, without an index."""
    here = shapely.Point(longitude, latitude)
    return {country.name for country in ATLAS.countries if shapely.intersects(country.outline, here)}


async def perform(**params: Any) -> Outcome:
    return await attempt(CountryLookupJob(), params)


# --- places ---


@pytest.mark.parametrize(
    ("longitude", "latitude", "code"),
    [
        (13.4, 52.5, "DE"), (2.35, 48.85, "FR"), (10.75, 60.2, "NO"), (21.16, 42.66, "XK"), (121.0, 24.0, "TW"),
        (-52.9, 4.2, "FR"), (28.23, -29.5, "LS"), (29.0, -27.5, "ZA"), (-175.0, 66.5, "RU"), (180, 68, "RU"),
        (-180, 68, "RU"), (178.0, -17.8, "FJ"), (0, -90, "AQ"), (123, -90, "AQ"), (180, -85, "AQ"), (-100, 40, "US"),
    ],
)  # fmt: skip
async def test_a_place_is_in_its_country(longitude: float, latitude: float, code: str) -> None:
    outcome = await perform(longitude=longitude, latitude=latitude)
    assert outcome.error is None
    (only,) = outcome.result["countries"]
    assert (only["isoA2"], only["share"], only["touchesOnly"], outcome.result["remainder"]) == (code, 1, False, 0)
    assert (outcome.result["source"], outcome.result["version"]) == ("Natural Earth", "5.1")


@pytest.mark.parametrize(("longitude", "latitude"), [(0, 0), (180, 0), (-30, 40), (50.5, 42.0), (0, 90)])
def test_the_sea_is_no_country(longitude: float, latitude: float) -> None:
    """The Caspian Sea belongs to no country."""
    assert found(point(longitude, latitude))["countries"] == []
    assert found(point(longitude, latitude))["remainder"] == 1


def test_lakes_belong_to_their_countries() -> None:
    assert set(shares(point(33.0, -1.2))) == {"Tanzania"}  # Lake Victoria


def test_a_point_on_a_border_counts_in_equal_parts() -> None:
    border = shapely.intersection(country("France").outline, country("Spain").outline)
    vertex = shapely.get_coordinates(border)[5].tolist()
    result = found(point(*vertex))
    assert [(entry["isoA2"], entry["share"], entry["touchesOnly"]) for entry in result["countries"]] == [
        ("FR", 0.5, True),
        ("ES", 0.5, True),
    ]
    assert result["remainder"] == 0


def test_points_are_counted() -> None:
    points = {"type": "MultiPoint", "coordinates": [[13.4, 52.5], [11.5, 48.1], [2.35, 48.85], [0, 0]]}
    assert shares(points) == {"Germany": 0.5, "France": 0.25}
    assert found(points)["remainder"] == 0.25


# --- codes ---


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


def test_the_land_is_a_bit_less_than_a_third_of_the_earth() -> None:
    world = found(polygon([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]))
    assert world["remainder"] == pytest.approx(0.7105, abs=0.005)  # 361.9 of 510.1 million km² are sea
    assert len(world["countries"]) == len(ATLAS.countries)
    assert world["countries"][0]["name"] == "Russian Federation"


# --- lines and areas ---


def test_an_area_is_shared_by_its_area_not_its_degrees() -> None:
    """In a strip of equal extent in degrees, the north has the smaller area."""
    strip = found(polygon(box(-180, 60, 0, 85, 90)))
    greenland = next(entry["share"] for entry in strip["countries"] if entry["name"] == "Greenland")
    window = shapely.box(-180, 60, 0, 85)
    inside = shapely.intersection(country("Greenland").outline, window)
    assert greenland == pytest.approx(area(inside) / area(window), rel=1e-6)
    assert greenland < shapely.area(inside) / shapely.area(window) * 0.9


def test_russia_across_180_degrees_is_one_and_whole() -> None:
    across = found(polygon([[178, 67], [-178, 67], [-178, 68], [178, 68], [178, 67]]))
    assert [(entry["isoA2"], entry["touchesOnly"]) for entry in across["countries"]] == [("RU", False)]
    assert across["countries"][0]["share"] == pytest.approx(1, abs=0.02)
    assert shares(line([178, 68], [-178, 68])).keys() == {"Russian Federation"}
    along = found(line([180, 67.9], [180, 68.1]))
    assert [(entry["isoA2"], entry["share"], entry["touchesOnly"]) for entry in along["countries"]] == [
        ("RU", 1, False)
    ]


def test_round_the_south_pole_is_all_antarctic() -> None:
    assert shares(polygon(parallel(-86, 360))) == {"Antarctica": 1}


def test_a_country_is_its_own_and_touches_its_neighbours() -> None:
    lesotho = country("Lesotho").outline.geoms[0]
    result = found(polygon(shapely.get_coordinates(lesotho).tolist()))
    assert [(entry["name"], entry["touchesOnly"]) for entry in result["countries"]] == [
        ("Lesotho", False),
        ("South Africa", True),
    ]
    assert [entry["share"] for entry in result["countries"]] == [1, 0]
    assert result["remainder"] == 0


def test_a_line_along_a_border_counts_half_for_each_side() -> None:
    border = shapely.get_coordinates(country("Lesotho").outline).tolist()
    result = found(line(*border))
    assert [(entry["share"], entry["touchesOnly"]) for entry in result["countries"]] == [(0.5, True), (0.5, True)]


@given(ring=stars())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_shares_and_remainder_are_all(ring: list[list[float]]) -> None:
    for geojson in (polygon(ring), line(*ring), {"type": "MultiPoint", "coordinates": ring}):
        result = found(geojson)
        assert sum(entry["share"] for entry in result["countries"]) + result["remainder"] == pytest.approx(1, abs=1e-8)
        assert all(0 <= entry["share"] <= 1 for entry in result["countries"])


@given(places=st.lists(st.tuples(longitudes, latitudes), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_points_are_found_as_the_slow_model_finds_them(places: list[tuple[float, float]]) -> None:
    which, owners, _ = load_index().locate_points(np.array(places))
    for number, place in enumerate(places):
        assert {ATLAS.countries[owner].name for owner in owners[which == number]} == model(*place)


@given(ring=stars())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_areas_are_shared_as_a_grid_of_points_would(ring: list[list[float]]) -> None:
    """The reference model counts points spread evenly over the globe."""
    xs = np.array(ring)[:, 0]
    if np.ptp(xs) > 180:
        return
    shape = shapely.Polygon(ring)
    west, south, east, north = shape.bounds
    rise = np.sin(np.radians([south, north]))
    grid_x, grid_y = np.meshgrid(np.linspace(west, east, 90), np.degrees(np.arcsin(np.linspace(rise[0], rise[1], 90))))
    grid = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    grid = grid[shapely.contains_xy(shape, grid[:, 0], grid[:, 1])]
    counted = {number: found.amount / len(grid) for number, found in load_index().match_points(grid).items()}
    for name, share in shares(polygon(ring)).items():
        number = next(place for place, entry in enumerate(ATLAS.countries) if entry.name == name)
        assert share == pytest.approx(counted.get(number, 0), abs=0.06)


# --- errors ---


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({}, "Give either geojson, or longitude and latitude."),
        ({"longitude": 3}, "Give either geojson, or longitude and latitude."),
        ({"longitude": 3, "latitude": 4, "geojson": point(0, 0)}, "Give either geojson"),
        ({"latitude": 4, "geojson": point(0, 0)}, "Give either geojson"),
        ({"longitude": 190, "latitude": 4}, "longitude must be at most 180; it is 190"),
        ({"geojson": collection(point(0, 0), polygon(box(0, 0, 1, 1)))}, "geojson: it has points and areas,"),
        ({"geojson": {"type": "Feature", "geometry": None}}, "geojson.geometry: the feature has no geometry."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_when_it_is_saved(params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        CountryLookupJob().prepare(params, SaveContext("alice", BOX))
    assert caught.value.message.startswith(sentence)


async def test_an_invalid_polygon_fails_unless_it_is_repaired() -> None:
    outcome = await perform(geojson=BOWTIE)
    assert outcome.error is not None
    assert "self-intersection at longitude 0.5" in outcome.error.message
    assert (await perform(geojson=BOWTIE, repair=True)).error is None


async def test_lines_that_cross_too_often_are_refused() -> None:
    rng = random.Random(7)
    line = {"type": "LineString", "coordinates": [[rng.uniform(-170, 170), rng.uniform(-80, 80)] for _ in range(2_000)]}
    outcome = await perform(geojson=line)
    assert outcome.error is not None
    assert outcome.error.message == "geojson: its lines cross each other more than 100,025 times."


async def test_a_line_without_length_fails() -> None:
    outcome = await perform(geojson=line([1, 1], [1, 1]))
    assert outcome.error is not None
    assert outcome.error.message == "geojson: its lines have no length."


def test_expressions_may_stand_for_values() -> None:
    job = CountryLookupJob()
    assert job.find_faults({"geojson": "${{ inputs.polygon }}"}) == []
    assert job.find_faults({"longitude": "${{ inputs.x }}", "latitude": "${{ inputs.y }}"}) == []
