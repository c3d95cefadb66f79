"""The countries of points, lines or areas, with their shares. Needs the extra `geometry`. Pure."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

import numpy as np

from tocsin.compute.progress import report_progress
from tocsin.jobs.geometry.countries.index import CountryIndex, CountryMatch, load_index
from tocsin.jobs.geometry.geojson import InvalidGeometry, Shape
from tocsin.jobs.geometry.plane import area, length, line_to_map, polygon_to_map
from tocsin.jobs.geometry.validity import check_polygons, exceeded_crossing_limit

_SHARE_DIGITS = 12  # of a share


class CountryShare(TypedDict):
    """A country of a geometry, with its share of it. The codes are null where there are none."""

    name: str
    isoA2: str | None
    isoA3: str | None
    share: float
    touchesOnly: bool


class CountryShares(TypedDict):
    """The countries of a geometry, as described in `country_lookup`."""

    countries: list[CountryShare]
    remainder: float
    source: str
    version: str


def overlay_countries(shapes: Sequence[Shape], *, repair: bool) -> CountryShares | InvalidGeometry:
    """Return the countries of shapes of one kind with their shares, or why a shape is invalid."""
    index = load_index()
    if shapes[0].dimension == 0:
        points = np.array([point for shape in shapes for point in shape.parts])
        return _build_result(index, [index.match_points(points)], len(points))
    if shapes[0].dimension == 1:
        most = exceeded_crossing_limit([np.array(line) for shape in shapes for line in shape.parts])
        if most is not None:
            return InvalidGeometry(
                f"geojson: its lines cross each other more than {most:,} times.", "Simplify the geometry."
            )
        lines = [line_to_map(line) for shape in shapes for line in shape.parts]
        return _overlay_parts(index, index.match_lines, lines, length)
    areas = _validate_areas(shapes, repair=repair)
    return areas if isinstance(areas, InvalidGeometry) else _overlay_parts(index, index.match_area, areas, area)


def _validate_areas(shapes: Sequence[Shape], *, repair: bool) -> list[Any] | InvalidGeometry:
    areas = []
    for number, shape in enumerate(shapes):
        report_progress(number, len(shapes), "Checking the polygons")
        valid = check_polygons(shape, repair=repair)
        if isinstance(valid, InvalidGeometry):
            return valid
        areas += [polygon_to_map(rings) for rings in valid.polygons]
    return areas


def _overlay_parts(
    index: CountryIndex,
    find: Callable[[Any], dict[int, CountryMatch]],
    parts: list[Any],
    measure: Callable[[Any], float],
) -> CountryShares | InvalidGeometry:
    total = sum(measure(part) for part in parts)
    if not total:
        return InvalidGeometry(
            "geojson: its lines have no length.", "Give a Point instead, or lines between different positions."
        )
    found: list[dict[int, CountryMatch]] = []
    for number, part in enumerate(parts):
        report_progress(number, len(parts), "Looking up the countries")
        found.append(find(part))
    return _build_result(index, found, total)


def _build_result(index: CountryIndex, found: list[dict[int, CountryMatch]], total: float) -> CountryShares:
    amounts: dict[int, CountryMatch] = {}
    for number, part in ((number, part) for some in found for number, part in some.items()):
        here = amounts.setdefault(number, CountryMatch())
        here.amount += part.amount
        here.is_inside |= part.is_inside
    shares = {number: round(max(here.amount / total, 0.0), _SHARE_DIGITS) for number, here in amounts.items()}
    countries = [_describe_country(index, number, share, amounts[number]) for number, share in shares.items()]
    return {
        "countries": sorted(countries, key=lambda country: (-country["share"], country["name"])),
        "remainder": max(round(1 - sum(shares.values()), _SHARE_DIGITS - 2), 0.0),
        "source": index.atlas.source,
        "version": index.atlas.version,
    }


def _describe_country(index: CountryIndex, number: int, share: float, found: CountryMatch) -> CountryShare:
    country = index.atlas.countries[number]
    return {
        "name": country.name,
        "isoA2": country.iso_a2,
        "isoA3": country.iso_a3,
        "share": share,
        "touchesOnly": not found.is_inside,
    }
