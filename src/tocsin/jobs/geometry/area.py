"""The area and perimeter of polygons along geodesics. Needs the extra `geometry`. Pure."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from pyproj import Geod

from tocsin.jobs.geometry.geojson import InvalidGeometry, Shape
from tocsin.jobs.geometry.plane import ring_area, unwrap_ring
from tocsin.jobs.geometry.validity import ValidPolygons, check_polygons

_GEOD = Geod(ellps="WGS84")
_EARTH_AREA = 510065621724088.44  # m² of the whole ellipsoid


def sum_shapes(shapes: Iterable[Shape], *, repair: bool, has_parts: bool) -> dict[str, Any] | InvalidGeometry:
    """Measure the polygons of the shapes, or return why one is invalid. `has_parts` lists the shapes, too."""
    parts = []
    for shape in shapes:
        valid = check_polygons(shape, repair=repair)
        if isinstance(valid, InvalidGeometry):
            return valid
        parts.append(_feature_fields(shape) | _sum_polygons(valid))
    total = {key: sum(part[key] for part in parts) for key in ("areaM2", "perimeterM", "polygons")}
    result = {**total, "repaired": any(part["repaired"] for part in parts)}
    return {**result, "parts": parts} if has_parts else result


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
