"""The jobs about geometries over the API."""

from typing import Any

import pytest

from tests.graphql.conftest import Api

CREATE = """mutation($job: JobInput!) {
  createTask(input: {name: "t", job: $job, schedule: {at: "2999-01-01T00:00:00Z"}}) {
    task { job {
      kind
      ... on PolygonAreaJob { geojson repair }
      ... on CountryLookupJob { geometry repair }
    } }
    userErrors { field message }
  }
}"""
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
POINT = {"type": "Point", "coordinates": [13.4, 52.5]}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            {"polygonArea": {"geojson": SQUARE}},
            {"kind": "polygonArea", "geojson": SQUARE, "repair": False},
        ),
        (
            {"polygonArea": {"geojson": SQUARE, "repair": True}},
            {"kind": "polygonArea", "geojson": SQUARE, "repair": True},
        ),
        (
            {"countryLookup": {"geojson": SQUARE}},
            {"kind": "countryLookup", "geometry": SQUARE, "repair": False},
        ),
        (
            {"countryLookup": {"longitude": 13.4, "latitude": 52.5}},
            {"kind": "countryLookup", "geometry": POINT, "repair": False},
        ),
    ],
)
async def test_a_geometry_is_saved_and_shown(api: Api, given: Any, shown: Any) -> None:
    answer = (await api.alice.ask(CREATE, job=given))["createTask"]
    assert answer == {"task": {"job": shown}, "userErrors": []}


@pytest.mark.parametrize("given", [{}, {"longitude": 1}, {"longitude": 1, "latitude": 2, "geojson": POINT}])
async def test_a_lookup_has_one_geometry(api: Api, given: Any) -> None:
    answer = (await api.alice.ask(CREATE, job={"countryLookup": given}))["createTask"]
    assert answer["task"] is None
    assert answer["userErrors"][0]["field"][:2] == ["job", "countryLookup"]
