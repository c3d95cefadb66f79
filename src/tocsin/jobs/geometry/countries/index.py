"""An index of countries that finds those of a geometry, with the share of each. Loaded once per process, on first use.

Shares are measured on WGS 84 with edges that are straight in longitude and latitude, as in RFC 7946 and in the
outlines, so that the parts of a geometry sum up to the whole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from tocsin.jobs.geometry.countries.outlines import Atlas, load_atlas
from tocsin.jobs.geometry.plane import Array, area, length

_INTERIORS_MEET = "T********"


@dataclass(slots=True)
class CountryMatch:
    """The part of a geometry in a country: its `amount` in the unit of the measure, and whether any of it is inside
    rather than on the border.
    """

    amount: float = 0.0
    is_inside: bool = False


class CountryIndex:
    """A tree of the parts of countries, each prepared for fast tests of points."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        outlines = [country.outline for country in atlas.countries]
        self._parts, self._owners = shapely.get_parts(outlines, return_index=True)
        shapely.prepare(self._parts)
        self._tree = shapely.STRtree(self._parts)

    def match_points(self, points: Array) -> dict[int, CountryMatch]:
        """Return the number of points by country. A point on the border of several counts in equal parts."""
        which, owners, inside = self.locate_points(points)
        found: dict[int, CountryMatch] = {}
        weights = 1 / np.bincount(which, minlength=len(points)).clip(1)
        for point, owner, is_inside in zip(which.tolist(), owners.tolist(), inside.tolist(), strict=True):
            here = found.setdefault(owner, CountryMatch())
            here.amount += float(weights[point])
            here.is_inside |= is_inside
        return found

    def locate_points(self, points: Array) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Return each point with each of its countries, as three columns: the index of the point, that of the country,
        and whether the point is inside rather than on the border.
        """
        geometries = shapely.points(points)
        which, parts = self._tree.query(geometries)
        hit = shapely.intersects(self._parts[parts], geometries[which])
        which, parts = which[hit], parts[hit]
        inside = shapely.contains_properly(self._parts[parts], geometries[which])
        owners = self._owners[parts]
        _, first = np.unique(which * len(self.atlas.countries) + owners, return_index=True)
        return which[first], owners[first], inside[first]

    def match_area(self, geometry: Any) -> dict[int, CountryMatch]:
        """Return the area of the geometry by country, in m²."""
        return self._overlay(geometry, area)[0]

    def match_lines(self, geometry: Any) -> dict[int, CountryMatch]:
        """Return the length of the lines by country, in m. Lines along a border count half for each side."""
        found, pieces = self._overlay(geometry, length)
        numbers = sorted(pieces)
        for place, first in enumerate(numbers):
            for second in numbers[place + 1 :]:
                common = length(shapely.intersection(pieces[first], pieces[second])) / 2
                found[first].amount -= common
                found[second].amount -= common
        return found

    def _overlay(
        self, geometry: Any, measure: Callable[[Any], float]
    ) -> tuple[dict[int, CountryMatch], dict[int, Any]]:
        found: dict[int, CountryMatch] = {}
        cut: dict[int, list[Any]] = {}
        shapely.prepare(geometry)
        for place in sorted(self._tree.query(geometry, predicate="intersects").tolist()):
            part, owner = self._parts[place], int(self._owners[place])
            piece = geometry if shapely.contains(part, geometry) else shapely.intersection(part, geometry)
            here = found.setdefault(owner, CountryMatch())
            here.amount += measure(piece)
            here.is_inside = here.is_inside or bool(shapely.relate_pattern(part, geometry, _INTERIORS_MEET))
            cut.setdefault(owner, []).append(piece)
        return found, {owner: shapely.GeometryCollection(pieces) for owner, pieces in cut.items()}


@cache
def load_index() -> CountryIndex:
    """Return the index of this process. Takes about a fifth of a second the first time."""
    return CountryIndex(load_atlas())
