"""Outlines of countries as packed by `scripts/build-countries`: gzipped JSON with delta-encoded positions."""

import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import shapely

_UNITS_PER_DEGREE = 100_000  # per degree


@dataclass(frozen=True, slots=True)
class Country:
    """A country of Natural Earth. The codes are those of ISO 3166-1, or None; Kosovo has XK and XKX, which are in
    common use. `outline` is a shapely MultiPolygon in degrees, which extends beyond the edges of the map at 180 degrees
    and at the South Pole, so that the edges are inside.
    """

    name: str
    iso_a2: str | None
    iso_a3: str | None
    outline: Any


@dataclass(frozen=True, slots=True)
class Atlas:
    """All countries, with the source and version of the data."""

    source: str
    version: str
    countries: tuple[Country, ...]


def load_atlas() -> Atlas:
    """Load the atlas of this package. Takes about a tenth of a second."""
    packed = files("tocsin.jobs.geometry.countries").joinpath("countries.json.gz").read_bytes()
    data = json.loads(gzip.decompress(packed))
    return Atlas(data["source"], data["version"], tuple(map(_unpack_country, data["countries"])))


def _unpack_country(packed: dict[str, Any]) -> Country:
    outline = shapely.multipolygons([_unpack_polygon(rings) for rings in packed["polygons"]])
    return Country(packed["name"], packed["isoA2"], packed["isoA3"], outline)


def _unpack_polygon(rings: list[list[int]]) -> Any:
    shell, *holes = [np.cumsum(np.array(ring).reshape(-1, 2), axis=0) / _UNITS_PER_DEGREE for ring in rings]
    return shapely.Polygon(shell, holes)
