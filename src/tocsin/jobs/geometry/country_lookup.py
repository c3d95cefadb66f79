"""The `countryLookup` job: the countries of a place, line or area, by Natural Earth's outlines at 1:50m.

Its result:
- `countries`: sorted by share, the largest first. Each has `name`; `isoA2` and `isoA3`, null where there are none;
  `share`, 0 to 1, of the area of areas, the length of lines or the number of points; `touchesOnly`, true if only its
  border is met.
- `remainder`: the share outside of all countries, which is sea.
- `source` and `version` of the outlines.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field, ValidationInfo, field_validator, model_validator

from tocsin.input_models import ParamsModel, skips_slow_checks
from tocsin.jobs.base import Job, JobContext, Outcome
from tocsin.jobs.geometry.base import compute_geometry
from tocsin.jobs.geometry.countries.index import CountryIndex, CountryMatch, load_index
from tocsin.jobs.geometry.geojson import GeoJsonError, Shape, parse_shapes
from tocsin.jobs.geometry.plane import area, length, line_to_map, polygon_to_map
from tocsin.jobs.geometry.validity import InvalidGeometry, check_polygons, exceeded_crossing_limit

_TYPES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection", "Feature", "FeatureCollection",
)  # fmt: skip
_KINDS = ("points", "lines", "areas")
_SHARE_DIGITS = 12  # of a share


class CountryLookupParams(ParamsModel):
    """Parameters: either `geojson`, with points, lines or areas only, or `longitude` and `latitude` in degrees.

    `repair` makes invalid polygons valid instead of failing.
    """

    geojson: dict[str, Any] | None = None
    longitude: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    latitude: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    repair: bool = False

    @field_validator("geojson", mode="before")
    @classmethod
    def _check_geojson(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and not skips_slow_checks(info):
            _read_single_kind(value)
        return value

    @model_validator(mode="after")
    def _require_one(self) -> "CountryLookupParams":
        both = (self.longitude is not None) + (self.latitude is not None)
        if both == 1 or (both == 2) == (self.geojson is not None):
            raise ValueError("Give either geojson, or longitude and latitude.")
        return self


class CountryLookupJob(Job[CountryLookupParams]):
    """Finds the countries of a geometry."""

    kind = "countryLookup"
    Params = CountryLookupParams

    def preload(self) -> None:
        """Load the outlines and build their index."""
        look_up_countries({"type": "Point", "coordinates": [0, 0]}, False)

    async def perform(self, params: CountryLookupParams, context: JobContext) -> Outcome:
        """Look the countries up. Fails without retries for invalid polygons and for lines without length."""
        point = {"type": "Point", "coordinates": [params.longitude, params.latitude]}
        return await compute_geometry(context, look_up_countries, params.geojson or point, params.repair)


def look_up_countries(geojson: Mapping[str, Any], repair: bool) -> dict[str, Any] | InvalidGeometry:
    """Return the result. Raises GeometryFault for invalid GeoJSON."""
    shapes = _read_single_kind(geojson)
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
    for shape in shapes:
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
) -> dict[str, Any] | InvalidGeometry:
    total = sum(measure(part) for part in parts)
    if not total:
        return InvalidGeometry(
            "geojson: its lines have no length.", "Give a Point instead, or lines between different positions."
        )
    return _build_result(index, [find(part) for part in parts], total)


def _build_result(index: CountryIndex, found: list[dict[int, CountryMatch]], total: float) -> dict[str, Any]:
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


def _describe_country(index: CountryIndex, number: int, share: float, found: CountryMatch) -> dict[str, Any]:
    country = index.atlas.countries[number]
    return {
        "name": country.name,
        "isoA2": country.iso_a2,
        "isoA3": country.iso_a3,
        "share": share,
        "touchesOnly": not found.is_inside,
    }


def _read_single_kind(geojson: Any) -> Sequence[Shape]:
    shapes = parse_shapes(geojson, _TYPES)
    kinds = sorted({shape.dimension for shape in shapes})
    if len(kinds) > 1:
        names = " and ".join(_KINDS[kind] for kind in kinds)
        raise GeoJsonError(
            f"geojson: it has {names}, but shares can only be computed for one kind. Look them up separately."
        )
    return shapes
