"""The area and perimeter of polygons along geodesics. Needs the extra `geometry`. Pure."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import numpy as np
from pyproj import Geod

from tocsin.compute.progress import report_progress
from tocsin.jobs.geometry.geojson import InvalidGeometry, Shape
from tocsin.jobs.geometry.plane import ring_area, unwrap_ring
from tocsin.jobs.geometry.validity import ValidPolygons, check_polygons

_GEOD = Geod(ellps="WGS84")
_EARTH_AREA = 510065621724088.44  # m² of the whole ellipsoid


class FeatureFields(TypedDict):
    """The index of a feature, and its ID if it has one; neither for other geometries."""

    feature: NotRequired[int]
    id: NotRequired[str | int]


class Measures(TypedDict):
    """The measures of polygons, as described in `polygon_area`."""

    areaM2: float
    perimeterM: float
    polygons: int
    repaired: bool


class PartResult(FeatureFields, Measures):
    """The measures of one geometry."""


class AreaResult(Measures):
    """The measures of all geometries together, and those of each if they were asked for."""

    parts: NotRequired[list[PartResult]]


def sum_shapes(shapes: Sequence[Shape], *, repair: bool, has_parts: bool) -> AreaResult | InvalidGeometry:
    """Measure the polygons of the shapes, or return why one is invalid. `has_parts` lists the shapes, too."""
    parts: list[PartResult] = []
    for number, shape in enumerate(shapes):
        report_progress(number, len(shapes), "Measuring the polygons")
        valid = check_polygons(shape, repair=repair)
        if isinstance(valid, InvalidGeometry):
            return valid
        parts.append({**_feature_fields(shape), **_sum_polygons(valid)})
    result: AreaResult = {
        "areaM2": sum(part["areaM2"] for part in parts),
        "perimeterM": sum(part["perimeterM"] for part in parts),
        "polygons": sum(part["polygons"] for part in parts),
        "repaired": any(part["repaired"] for part in parts),
    }
    return {**result, "parts": parts} if has_parts else result


def _feature_fields(shape: Shape) -> FeatureFields:
    if shape.feature is None:
        return {}
    return {"feature": shape.feature} if shape.id is None else {"feature": shape.feature, "id": shape.id}


def _sum_polygons(valid: ValidPolygons) -> Measures:
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
