"""Running a computation with GeoJSON, for the jobs that need it."""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.documents import ErrorKind
from tocsin.jobs.base import JobContext, Outcome
from tocsin.jobs.geometry.geojson import GeoJsonError, InvalidGeometry


async def compute_geometry(
    context: JobContext,
    function: Callable[[Mapping[str, Any], bool], Mapping[str, object] | InvalidGeometry],
    geojson: Mapping[str, Any],
    repair: bool,
) -> Outcome:
    """Call the function in a compute process and return the outcome. The GeoJSON may have 100,000 positions."""
    try:
        found = await context.compute(function, geojson, repair)
    except GeoJsonError as fault:
        return Outcome.failed(str(fault), "Correct geojson of the job.", ErrorKind.BAD_PARAMS)
    return Outcome.failed(found.message, found.hint) if isinstance(found, InvalidGeometry) else Outcome(result=found)
