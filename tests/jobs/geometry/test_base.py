"""Computations with GeoJSON whose faults only an attempt can find."""

from dataclasses import replace

from tests.jobs.geometry.shapes import polygon
from tests.jobs.http.test_job import job_context
from tests.outbound.servers import open_client
from tocsin.documents import ErrorKind
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob


async def test_geojson_that_an_attempt_finds_invalid_is_reported_with_its_place() -> None:
    """Values of expressions are checked in the compute process."""
    stored = {"geojson": polygon([[0, 0], [1, 0], [1, 99], [0, 0]])}
    async with open_client() as client:
        outcome = await PolygonAreaJob().run_attempt(stored, replace(job_context(client), timeout=60.0))
    assert outcome.error is not None
    assert outcome.error.kind is ErrorKind.BAD_PARAMS
    assert outcome.error.message.startswith("geojson.coordinates[0][2]: the latitude 99 is not within")
