"""The `polygonArea` job: the area and perimeter of polygons on the Earth (WGS 84), along geodesics.

Its result:
- `areaM2`: m² within the outer rings without the holes, summed over all polygons.
- `perimeterM`: length of all rings in m, including those of holes.
- `polygons`: number of polygons (after repair).
- `repaired`: true if any polygon was repaired.
- `parts`, for a FeatureCollection only: the same for each feature, with its index `feature` and its `id` if it has one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ValidationInfo, field_validator
from pyproj import Geod

from tocsin.input_models import ParamsModel, skips_slow_checks
from tocsin.jobs.base import Job, JobContext, Outcome
from tocsin.jobs.geometry.base import compute_geometry
from tocsin.jobs.geometry.geojson import Shape, parse_shapes
from tocsin.jobs.geometry.plane import ring_area, unwrap_ring
from tocsin.jobs.geometry.validity import InvalidGeometry, ValidPolygons, check_polygons

_TYPES = ("Polygon", "MultiPolygon", "Feature", "FeatureCollection")
_GEOD = Geod(ellps="WGS84")
_EARTH_AREA = 510065621724088.44  # m² of the whole ellipsoid


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

    async def perform(self, params: PolygonAreaParams, context: JobContext) -> Outcome:
        """Measure the polygons. Fails without retries for invalid ones without `repair`."""
        return await compute_geometry(context, measure_polygons, params.geojson, params.repair)


def measure_polygons(geojson: Mapping[str, Any], repair: bool) -> dict[str, Any] | InvalidGeometry:
    """Return the result. Raises GeometryFault for invalid GeoJSON."""
    parts = []
    for shape in parse_shapes(geojson, _TYPES):
        valid = check_polygons(shape, repair=repair)
        if isinstance(valid, InvalidGeometry):
            return valid
        parts.append(_feature_fields(shape) | _sum_polygons(valid))
    total = {key: sum(part[key] for part in parts) for key in ("areaM2", "perimeterM", "polygons")}
    result = {**total, "repaired": any(part["repaired"] for part in parts)}
    return {**result, "parts": parts} if geojson["type"] == "FeatureCollection" else result


def _feature_fields(shape: Shape) -> dict[str, Any]:
    if shape.feature is None:
        return {}
    return {"feature": shape.feature} | ({} if shape.id is None else {"id": shape.id})


def _sum_polygons(valid: ValidPolygons) -> dict[str, Any]:
    area = perimeter = 0.0
    for rings in valid.polygons:
        measured = [measure_ring(ring) for ring in rings]
        area += measured[0][0] - sum(hole for hole, _ in measured[1:])
        perimeter += sum(length for _, length in measured)
    return {
        "areaM2": area,
        "perimeterM": perimeter,
        "polygons": len(valid.polygons),
        "repaired": valid.repaired,
    }


def measure_ring(ring: Any) -> tuple[float, float]:
    """Return the geodesic area (m²) within a closed ring and its length (m)."""
    points = np.asarray(ring, dtype=np.float64)
    area, length = _GEOD.polygon_area_perimeter(points[:, 0], points[:, 1])
    # The geodesic area is known modulo that of the Earth; the planar area, which is close, tells the multiple.
    earths = round((ring_area(unwrap_ring(ring).points) - area) / _EARTH_AREA)
    return abs(area + earths * _EARTH_AREA), length
