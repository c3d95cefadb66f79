"""The `polygonArea` job: the area and perimeter of polygons on the Earth (WGS 84), along geodesics.

Its result:
- `areaM2`: m² within the outer rings without the holes, summed over all polygons.
- `perimeterM`: length of all rings in m, including those of holes.
- `polygons`: number of polygons (after repair).
- `repaired`: true if any polygon was repaired.
- `parts`, for a FeatureCollection only: the same for each feature, with its index `feature` and its `id` if it has one.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationInfo, field_validator

from tocsin.input_models import ParamsModel, skips_slow_checks
from tocsin.jobs.base import Job, JobContext, Outcome
from tocsin.jobs.extras import GEOMETRY, find_missing
from tocsin.jobs.geometry.base import compute_geometry
from tocsin.jobs.geometry.geojson import InvalidGeometry, parse_shapes

if TYPE_CHECKING:
    from tocsin.jobs.geometry.area import AreaResult  # needs the extra `geometry`

_TYPES = ("Polygon", "MultiPolygon", "Feature", "FeatureCollection")


class PolygonAreaParams(ParamsModel):
    """Parameters: `geojson` is a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them.

    `repair` makes invalid polygons valid instead of failing.
    """

    geojson: dict[str, Any]
    repair: bool = False

    @field_validator("geojson", mode="before")
    @classmethod
    def _check_geojson(cls, value: Any, info: ValidationInfo) -> Any:
        if not skips_slow_checks(info):
            parse_shapes(value, _TYPES)
        return value


class PolygonAreaJob(Job[PolygonAreaParams]):
    """Measures the area and perimeter of polygons."""

    kind = "polygonArea"
    Params = PolygonAreaParams

    def find_missing_extra(self, given: Mapping[str, Any]) -> str | None:  # noqa: ARG002  # whatever they are
        """Return the extra `geometry` if it is not installed."""
        return find_missing(GEOMETRY)

    def preload(self) -> None:
        """Load the libraries."""
        if find_missing(GEOMETRY) is None:
            import tocsin.jobs.geometry.area  # noqa: F401

    async def perform(self, params: PolygonAreaParams, context: JobContext) -> Outcome:
        """Measure the polygons. Fails without retries for invalid ones without `repair`."""
        return await compute_geometry(context, measure_polygons, params.geojson, params.repair)


def measure_polygons(geojson: Mapping[str, Any], repair: bool) -> "AreaResult | InvalidGeometry":
    """Return the result. Raises GeoJsonError for invalid GeoJSON."""
    from tocsin.jobs.geometry.area import sum_shapes

    return sum_shapes(parse_shapes(geojson, _TYPES), repair=repair, has_parts=geojson["type"] == "FeatureCollection")
