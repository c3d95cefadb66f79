"""GeoJSON for tests."""

import math
from typing import Any

from hypothesis import strategies as st

EARTH = 510065621724088.44  # m²
SQUARE = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": None, **more}


def collection(*geometries: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [feature(geometry) for geometry in geometries]}


BOWTIE = polygon([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]])


def box(west: float, south: float, east: float, north: float, steps: int = 1) -> list[list[float]]:
    """Return a ring with so many parts of each edge along a parallel."""
    xs = [west + (east - west) * step / steps for step in range(steps + 1)]
    return [*([x, south] for x in xs), *([x, north] for x in reversed(xs)), [west, south]]


def parallel(latitude: float, count: int) -> list[list[float]]:
    """Return a ring around the globe."""
    ring = [[-180 + 360 * step / count, latitude] for step in range(count)]
    return [*ring, ring[0]]


@st.composite
def stars(draw: st.DrawFn) -> list[list[float]]:
    """Draw star-shaped rings away from the poles. Those that cross 180 degrees jump."""
    x, y = draw(st.floats(-180, 180)), draw(st.floats(-60, 60))
    shifts = draw(st.lists(st.floats(-0.2, 0.2), min_size=3, max_size=12))
    turns = [(n + shift) * 360 / len(shifts) for n, shift in enumerate(shifts)]  # between them 18 to 168 degrees
    reach = draw(st.lists(st.floats(0.5, 20), min_size=len(turns), max_size=len(turns)))
    ring = [
        [(x + r * math.cos(math.radians(t)) + 180) % 360 - 180, y + r * math.sin(math.radians(t))]
        for t, r in zip(turns, reach, strict=True)
    ]
    return [*ring, ring[0]]
