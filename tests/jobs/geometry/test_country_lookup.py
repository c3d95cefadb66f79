"""The `countryLookup` job: known places, shares that sum up, and a comparison with a slow reference model."""

import random
from typing import Any

import pytest
import shapely

from tests.jobs.geometry.shapes import BOWTIE, box, collection, polygon
from tests.jobs.geometry.test_polygon_area import attempt
from tests.jobs.http.test_job import BOX
from tocsin.errors import InvalidInput
from tocsin.jobs.base import Outcome, SaveContext
from tocsin.jobs.geometry.countries.outlines import Country, load_atlas
from tocsin.jobs.geometry.country_lookup import CountryLookupJob, look_up_countries
from tocsin.jobs.geometry.geojson import InvalidGeometry
from tocsin.jobs.geometry.overlay import CountryShares

ATLAS = load_atlas()


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


async def perform(**params: Any) -> Outcome:
    return await attempt(CountryLookupJob(), params)


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
def test_wrong_parameters_are_refused_when_they_are_saved(params: dict[str, Any], sentence: str) -> None:
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
