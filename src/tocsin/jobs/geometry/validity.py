"""Validation and repair of polygons on the globe. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from tocsin.jobs.geometry.geojson import InvalidGeometry, Shape
from tocsin.jobs.geometry.plane import Array, from_polar, make_planar_polygon, polygon_to_map, to_polar, unwrap_ring

_MAX_REPAIR_COST, _REPAIR_BASE = 400_000_000, 2_000
"""The time of a repair grows with crossings x (positions + 2,000): this product takes 6 to 14 s."""
_MAX_PAIRS = 1_000_000
_REASON = re.compile(r"(?P<reason>[^\[]+)(?:\[(?P<x>\S+) (?P<y>\S+)\])?")


@dataclass(frozen=True, slots=True)
class ValidPolygons:
    """Polygons, each a list of closed rings of (longitude, latitude), the outer one first."""

    polygons: list[list[Any]]
    repaired: bool = False


def check_polygons(shape: Shape, *, repair: bool) -> ValidPolygons | InvalidGeometry:
    """Return the polygons of the shape if they are valid, or repaired ones if `repair` is set."""
    kept: list[list[Any]] = []
    repaired = False
    for number, rings in enumerate(shape.parts):
        polygon, pole = _to_plane(rings)
        if shapely.is_valid(polygon):
            kept.append(rings)
            continue
        which = f"{shape.path}: {f'polygon {number}' if len(shape.parts) > 1 else 'the polygon'}"
        if not repair:
            return InvalidGeometry(f"{which} is not valid: {_explain_invalid(polygon, pole)}.")
        if (
            most := exceeded_crossing_limit([shapely.get_coordinates(ring) for ring in shapely.get_rings(polygon)])
        ) is not None:
            return InvalidGeometry(
                f"{which} crosses itself more than {most:,} times, too often for a repair.", "Simplify the geometry."
            )
        kept += _extract_rings(shapely.make_valid(polygon, method="structure", keep_collapsed=False), pole)
        repaired = True
    if not kept:
        return InvalidGeometry(f"{shape.path}: the geometry is empty after the repair.", "Correct the geometry.")
    return _check_overlaps(shape.path, ValidPolygons(kept, repaired), repair=repair)


def exceeded_crossing_limit(lines: list[Array]) -> int | None:
    """Return the limit of crossings for so many positions if the lines cross more often; None if they don't."""
    ends = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])
    edges = shapely.linestrings(ends[(ends[:, 0] != ends[:, 1]).any(axis=1)])
    if not len(edges):
        return None
    most = _MAX_REPAIR_COST // (len(edges) + _REPAIR_BASE)
    found = -3 * len(edges)  # each edge meets itself and its two neighbours
    tree, step = shapely.STRtree(edges), max(1, _MAX_PAIRS // len(edges))
    for start in range(0, len(edges), step):
        found += tree.query(edges[start : start + step], predicate="intersects").shape[1]
        if found > 2 * most:
            return most
    return None


def _check_overlaps(path: str, valid: ValidPolygons, *, repair: bool) -> ValidPolygons | InvalidGeometry:
    """Check that the polygons of one shape don't overlap; common edges are allowed."""
    if len(valid.polygons) == 1:
        return valid
    outlines = [polygon_to_map(rings) for rings in valid.polygons]
    for first, second in _find_touching_pairs(outlines):
        if shapely.relate_pattern(outlines[first], outlines[second], "T********"):
            if repair:
                return ValidPolygons(_extract_rings(shapely.union_all(outlines), 0), repaired=True)
            place = shapely.point_on_surface(shapely.intersection(outlines[first], outlines[second]))
            where = _format_place(place.x, place.y)
            return InvalidGeometry(
                f"{path}: its polygons {min(first, second)} and {max(first, second)} overlap {where}."
            )
    return valid


def _find_touching_pairs(outlines: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield the pairs that have a common point, with a bounded number of them in memory."""
    tree, step = shapely.STRtree(outlines), max(1, _MAX_PAIRS // len(outlines))
    for start in range(0, len(outlines), step):
        pairs = tree.query(outlines[start : start + step], predicate="intersects").T
        pairs[:, 0] += start
        yield from pairs[pairs[:, 0] < pairs[:, 1]]


def _to_plane(rings: list[Any]) -> tuple[Any, int]:
    """Return the polygon in a plane where it is in one piece, and the pole at its centre, or 0 for the map."""
    poles = [flat.pole for flat in map(unwrap_ring, rings) if flat.pole]
    if not poles:
        return make_planar_polygon(rings), 0
    shell, *holes = [to_polar(np.asarray(ring, dtype=np.float64), poles[0]) for ring in rings]
    return shapely.Polygon(shell, holes), poles[0]


def _extract_rings(geometry: Any, pole: int) -> list[list[Array]]:
    parts = shapely.get_parts(shapely.get_parts(geometry))
    found = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
    return [[_to_map(shapely.get_coordinates(ring), pole) for ring in shapely.get_rings(part)] for part in found]


def _to_map(points: Array, pole: int) -> Array:
    return from_polar(points, pole) if pole else points


def _explain_invalid(polygon: Any, pole: int) -> str:
    found = _REASON.match(shapely.is_valid_reason(polygon))
    if found is None:
        return "for an unknown reason"
    reason = found["reason"].lower()
    if found["x"] is None:
        return reason
    x, y = _to_map(np.array([[float(found["x"]), float(found["y"])]]), pole)[0]
    return f"{reason} {_format_place(x, y)}"


def _format_place(longitude: float, latitude: float) -> str:
    return f"at longitude {round((longitude + 180) % 360 - 180, 6):g}, latitude {round(latitude, 6):g}"
