"""The `polygonArea` job against closed forms, published areas, and transformations that keep the area."""

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.jobs.geometry.shapes import BOWTIE, SQUARE, box, collection, feature, polygon
from tests.jobs.http.test_job import BOX, job_context
from tests.outbound.servers import open_client
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.jobs.base import Job, Outcome, SaveContext
from tocsin.jobs.geometry.area import measure_ring
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob

OVER_180 = {
    "type": "MultiPolygon",
    "coordinates": [[[[179, 0], [180, 0], [180, 2], [179, 0]]], [[[179.5, 0], [-179, 0], [-179, 1], [179.5, 0]]]],
}


async def attempt(job: Job[Any], params: dict[str, Any]) -> Outcome:
    """Prepare the parameters and make one attempt."""
    stored = job.prepare(params, SaveContext("alice", BOX))
    async with open_client() as client:
        return await job.run_attempt(stored, replace(job_context(client), timeout=60.0))


async def perform(geojson: Any, **more: Any) -> Outcome:
    return await attempt(PolygonAreaJob(), {"geojson": geojson, **more})


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


def test_wrong_parameters_are_refused_when_they_are_saved() -> None:
    with pytest.raises(InvalidInput) as caught:
        PolygonAreaJob().prepare({"geojson": {"type": "Point", "coordinates": [0, 0]}}, SaveContext("alice", BOX))
    assert caught.value.message.startswith("geojson: the type is 'Point'; it must be one of Polygon")
    assert caught.value.path == ("geojson",)


def test_an_expression_may_stand_for_the_polygon() -> None:
    job = PolygonAreaJob()
    assert job.find_faults({"geojson": "${{ steps.fetch.result }}"}) == []
    assert job.find_faults({"geojson": polygon("${{ steps.fetch.result }}")}) == []
    assert len(job.find_faults({"geojson": polygon(7)})) == 1
