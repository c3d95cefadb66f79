"""Rings on the globe unwrapped into a plane: longitudes beyond 180 degrees, poles, and measures on WGS 84. Pure.

The plane has longitude and latitude as x and y, with straight edges, as in RFC 7946.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

Array = npt.NDArray[np.float64]

_A = 6378137.0  # m: WGS 84
_F = 1 / 298.257223563
_E2 = _F * (2 - _F)
_E = math.sqrt(_E2)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, slots=True)
class PlanarRing:
    """A closed ring as a line in the plane. `pole` is 90 or -90 if it encloses that pole: then it is closed over it."""

    points: Array
    pole: int = 0


def unwrap_ring(ring: Any) -> PlanarRing:
    """Return the closed ring of (longitude, latitude) without jumps: each edge takes the short way around the globe.

    A ring around the globe bounds two sides; the smaller one is its inside.
    """
    points = _split_poles(np.asarray(ring, dtype=np.float64)[:-1])
    steps = np.roll(points, -1, axis=0) - points
    along = (np.abs(points[:, 1]) == 90) & (steps[:, 1] == 0)  # longitudes don't matter at a pole
    turns = np.where(along, 0.0, -np.round(steps[:, 0] / 360))
    net = round((turns.sum() * 360 + steps[:, 0].sum()) / 360)
    if net and along.any():
        turns[np.flatnonzero(along)[-1]] -= net
        net = 0
    longitudes = points[:, 0] + 360 * np.concatenate([[0.0], np.cumsum(turns)[:-1]])
    flat = np.column_stack([longitudes, points[:, 1]])
    return _close_over_pole(flat, net) if net else PlanarRing(np.vstack([flat, flat[:1]]))


def _split_poles(points: Array) -> Array:
    """Split each position at a pole in two, at the longitudes at which the ring enters and leaves."""
    polar = np.abs(points[:, 1]) == 90
    if not polar.any():
        return points
    split: list[tuple[float, float]] = []
    for place, (longitude, latitude) in enumerate(points):
        if not polar[place]:
            split.append((longitude, latitude))
            continue
        before, after = place - 1, (place + 1) % len(points)
        split.append((longitude if polar[before] else points[before, 0], latitude))
        if (leaves := longitude if polar[after] else points[after, 0]) != split[-1][0]:
            split.append((leaves, latitude))
    return np.array(split)


def _close_over_pole(flat: Array, net: int) -> PlanarRing:
    first, end = flat[0], flat[0] + (360 * net, 0)
    rings = {pole: np.vstack([flat, end, (end[0], pole), (first[0], pole), first]) for pole in (90, -90)}
    pole = min(rings, key=lambda pole: abs(ring_area(rings[pole])))
    return PlanarRing(rings[pole], pole)


def wrap_to_map(geometry: Any) -> Any:
    """Cut the geometry at 180 degrees and move the pieces into the map of -180 to 180. No area counts twice."""
    west, _, east, _ = shapely.bounds(geometry)
    first, last = math.floor((west + 180) / 360), math.ceil((east + 180) / 360) - 1
    pieces = []
    for number in range(first, max(first, last) + 1):
        window = shapely.box(-180 + 360 * number, -90, 180 + 360 * number, 90)
        inside = geometry if first >= last else shapely.intersection(geometry, window)
        geometry = geometry if first >= last else shapely.difference(geometry, window)
        pieces.append(shapely.transform(inside, lambda points, by=360 * number: points - (by, 0)))
    return pieces[0] if len(pieces) == 1 else shapely.union_all(pieces)


def make_planar_polygon(rings: list[Any]) -> Any:
    """Return a polygon in the plane of its outer ring. None of its rings may enclose a pole."""
    shell, *holes = [unwrap_ring(ring).points for ring in rings]
    west = shell[:, 0].min()
    shifts = [360 * math.ceil((west - hole[:, 0].min()) / 360 - 1e-12) for hole in holes]
    return shapely.Polygon(shell, [hole + np.array([shift, 0]) for hole, shift in zip(holes, shifts, strict=True)])


def polygon_to_map(rings: list[Any]) -> Any:
    """Return a valid polygon, given with its outer ring first, on the map of -180 to 180."""
    flats = [unwrap_ring(ring) for ring in rings]
    if not any(flat.pole for flat in flats):
        return wrap_to_map(make_planar_polygon(rings))
    shell, *holes = [wrap_to_map(shapely.Polygon(flat.points)) for flat in flats]
    return shapely.difference(shell, shapely.union_all(holes)) if holes else shell


def line_to_map(line: Any) -> Any:
    """Return a line on the map, cut where it crosses 180 degrees. Each edge takes the short way."""
    points = np.array(line, dtype=np.float64)
    points[1:, 0] -= 360 * np.cumsum(np.round(np.diff(points[:, 0]) / 360))
    return wrap_to_map(shapely.LineString(points))


def to_polar(points: Array, pole: int) -> Array:
    """Project to a plane centred on the pole: x and y in degrees from it."""
    distance, angle = 90 - math.copysign(1, pole) * points[:, 1], np.radians(points[:, 0])
    return np.column_stack([distance * np.cos(angle), distance * np.sin(angle)])


def from_polar(points: Array, pole: int) -> Array:
    """Project back to longitude and latitude."""
    distance = np.hypot(points[:, 0], points[:, 1])
    longitudes = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
    return np.column_stack([longitudes, np.clip((90 - distance) * math.copysign(1, pole), -90, 90)])


def ring_area(points: Array) -> float:
    """Return the area in m² on WGS 84 within a closed ring in the plane, positive if it is counterclockwise.

    Exact for edges that are straight in the plane: parts sum up to the whole.
    """
    latitudes, across, _ = _quadrature_points(points)
    height = _authalic_area(latitudes) - _authalic_area(
        np.radians(points[:1, 1])
    )  # near 0: small rings lose little precision
    return float(-(_A**2) / 2 * np.sum(height @ _WEIGHTS / 2 * across))


def area(geometry: Any) -> float:
    """Return the area in m² of a geometry in the plane; points and lines have none."""
    total = 0.0
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon" and not part.is_empty:
            shell, *holes = (abs(ring_area(shapely.get_coordinates(ring))) for ring in shapely.get_rings(part))
            total += shell - sum(holes)
        elif part.geom_type in ("MultiPolygon", "GeometryCollection"):
            total += area(part)
    return total


def length(geometry: Any) -> float:
    """Return the length in m of the lines of a geometry in the plane. Parts sum up to the whole."""
    total = 0.0
    for part in shapely.get_parts(geometry):
        if part.geom_type in ("LineString", "LinearRing") and not part.is_empty:
            total += _line_length(shapely.get_coordinates(part))
        elif part.geom_type in ("MultiLineString", "GeometryCollection"):
            total += length(part)
    return total


def _line_length(points: Array) -> float:
    latitudes, across, along = _quadrature_points(points)
    curve = 1 - _E2 * np.sin(latitudes) ** 2
    meridian, parallel = _A * (1 - _E2) / curve**1.5, _A / np.sqrt(curve) * np.cos(latitudes)
    return float(np.sum(np.hypot(meridian * along[:, None], parallel * across[:, None]) @ _WEIGHTS / 2))


def _quadrature_points(points: Array) -> tuple[Array, Array, Array]:
    """Return of each edge, in radians: latitudes at the quadrature nodes, its extent in longitude and in latitude."""
    radians = np.radians(points)
    across, along = np.diff(radians[:, 0]), np.diff(radians[:, 1])
    return radians[:-1, 1, None] + along[:, None] * (_NODES + 1) / 2, across, along


def _authalic_area(latitude: Array) -> Array:
    """Return the area from the equator to the latitude (radians), per radian of longitude, in a²/2."""
    sine = np.sin(latitude)
    part: Array = (1 - _E2) * (sine / (1 - _E2 * sine**2) + np.arctanh(_E * sine) / _E)
    return part
