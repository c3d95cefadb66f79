"""The outlines of countries as `scripts/build-countries` packs them: JSON in gzip, positions as differences."""

import gzip
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import shapely

_UNITS = 100_000  # in a degree


@dataclass(frozen=True, slots=True)
class Country:
    """A country of Natural Earth. The codes are ISO 3166-1's, or None where there are none; Kosovo has XK and XKX,
    which are in common use. `outline` is a shapely MultiPolygon in degrees, which goes on beyond the map's edges at 180
    degrees and at the South Pole, so that they are inside.
    """

    name: str
    iso_a2: str | None
    iso_a3: str | None
    outline: Any


@dataclass(frozen=True, slots=True)
class Atlas:
    """All countries, and where they come from."""

    source: str
    version: str
    countries: tuple[Country, ...]


def load_atlas() -> Atlas:
    """What the package ships. Takes about a tenth of a second."""
    packed = files("tocsin.jobs.countries").joinpath("countries.json.gz").read_bytes()
    data = json.loads(gzip.decompress(packed))
    return Atlas(data["source"], data["version"], tuple(map(_country, data["countries"])))


def _country(packed: dict[str, Any]) -> Country:
    outline = shapely.multipolygons([_polygon(rings) for rings in packed["polygons"]])
    return Country(packed["name"], packed["isoA2"], packed["isoA3"], outline)


def _polygon(rings: list[list[int]]) -> Any:
    shell, *holes = [np.cumsum(np.array(ring).reshape(-1, 2), axis=0) / _UNITS for ring in rings]
    return shapely.Polygon(shell, holes)
