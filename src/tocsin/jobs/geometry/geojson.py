"""Parsing GeoJSON (RFC 7946) with errors that name the place. Pure.

Altitudes are dropped. Rings may have any orientation, as the RFC requires of parsers.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Position = tuple[float, float]
Line = list[Position]

_REPAIR_HINT = "Correct the geometry, or set repair to true."
MAX_POSITIONS = 100_000
MAX_FEATURES = 10_000
_MAX_DEPTH = 8  # of nested collections
_COORDINATE_LIMIT = 1e9  # more than any coordinate; NaN is not less than it
_CRS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84")  # the default of RFC 7946
_LISTS, _NUMBERS = (list, tuple), (int, float)
_DIMENSIONS = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1, "Polygon": 2, "MultiPolygon": 2}


@dataclass(frozen=True, slots=True)
class InvalidGeometry:
    """The reason why a geometry is invalid, with a hint."""

    message: str
    hint: str = _REPAIR_HINT


class GeoJsonError(ValueError):
    """A value is not valid GeoJSON. The message is a sentence that begins with the place."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry. `parts` are positions (dimension 0), lines (1) or polygons (2), which are lists of closed rings with
    the outer one first. Positions are (longitude, latitude) in degrees. `feature` is the index in a FeatureCollection,
    or None; `id` is that of the feature.
    """

    path: str
    dimension: int
    parts: list[Any]
    feature: int | None = None
    id: str | int | None = None


def parse_shapes(value: Any, allowed: Collection[str], path: str = "geojson") -> list[Shape]:
    """Return the geometries of a GeoJSON object with `allowed` types only.

    Raises GeoJsonError with the place, such as `geojson.features[2].geometry.coordinates[0][3]`.
    """
    return _Reader(allowed).read(value, path)


class _Reader:
    def __init__(self, allowed: Collection[str]) -> None:
        self._allowed = allowed
        self._positions = 0
        self._readers: dict[str, Callable[[Any, str], list[Any]]] = {
            "Point": lambda value, path: self._read_positions([value], lambda _place: path),
            "MultiPoint": lambda value, path: self._read_line(value, path, 1),
            "LineString": lambda value, path: [self._read_line(value, path, 2)],
            "MultiLineString": lambda value, path: self._read_each(value, path, lambda v, p: self._read_line(v, p, 2)),
            "Polygon": lambda value, path: [self._read_polygon(value, path)],
            "MultiPolygon": lambda value, path: self._read_each(value, path, self._read_polygon),
        }

    def read(self, value: Any, path: str) -> list[Shape]:
        kind = self._read_type(value, path)
        if kind != "FeatureCollection":
            return self._read_feature(value, path, None) if kind == "Feature" else self._read_geometry(value, path)
        features = _require_list(value, "features", path)
        if len(features) > MAX_FEATURES:
            raise GeoJsonError(f"{path}.features: there are {len(features):,} features; the limit is {MAX_FEATURES:,}.")
        shapes = [
            self._read_member(feature, f"{path}.features[{place}]", place) for place, feature in enumerate(features)
        ]
        return [shape for some in shapes for shape in some]

    def _read_member(self, value: Any, path: str, place: int) -> list[Shape]:
        if self._read_type(value, path) != "Feature":
            raise GeoJsonError(f"{path}: the type is {value['type']}; in a FeatureCollection it must be Feature.")
        return self._read_feature(value, path, place)

    def _read_feature(self, value: Mapping[str, Any], path: str, place: int | None) -> list[Shape]:
        if value.get("geometry") is None:
            raise GeoJsonError(f"{path}.geometry: the feature has no geometry.")
        shapes = self._read_geometry(value["geometry"], f"{path}.geometry")
        name = value.get("id")
        return [
            Shape(shape.path, shape.dimension, shape.parts, place, name if isinstance(name, str | int) else None)
            for shape in shapes
        ]

    def _read_geometry(self, value: Any, path: str, depth: int = 0) -> list[Shape]:
        kind = self._read_type(value, path)
        if kind in ("Feature", "FeatureCollection"):
            raise GeoJsonError(f"{path}: a {kind} is not allowed here; it must be a geometry.")
        if kind != "GeometryCollection":
            return [self._read_simple(value, kind, path)]
        if depth == _MAX_DEPTH:
            raise GeoJsonError(f"{path}: collections are nested more than {_MAX_DEPTH} levels deep.")
        members = enumerate(_require_list(value, "geometries", path))
        return [
            shape
            for place, member in members
            for shape in self._read_geometry(member, f"{path}.geometries[{place}]", depth + 1)
        ]

    def _read_simple(self, value: Mapping[str, Any], kind: str, path: str) -> Shape:
        if "coordinates" not in value:
            raise GeoJsonError(f"{path}: coordinates are missing.")
        return Shape(path, _DIMENSIONS[kind], self._readers[kind](value["coordinates"], f"{path}.coordinates"))

    def _read_type(self, value: Any, path: str) -> str:
        if not isinstance(value, Mapping):
            raise GeoJsonError(f"{path}: this is {_describe_value(value)}; it must be a GeoJSON object with a type.")
        _refuse_crs(value, path)
        kind = value.get("type")
        if kind not in self._allowed:
            have = "the type is missing" if kind is None else f"the type is {kind!r}"
            raise GeoJsonError(f"{path}: {have}; it must be one of {', '.join(self._allowed)}.")
        return str(kind)

    def _read_polygon(self, value: Any, path: str) -> list[Line]:
        return self._read_each(value, path, self._read_ring)

    def _read_each(self, value: Any, path: str, read: Callable[[Any, str], Any]) -> list[Any]:
        if not isinstance(value, list | tuple) or not value:
            have = "empty" if isinstance(value, list | tuple) else _describe_value(value)
            raise GeoJsonError(f"{path}: this is {have}; it must be a list of lists of positions.")
        return [read(part, f"{path}[{place}]") for place, part in enumerate(value)]

    def _read_ring(self, value: Any, path: str) -> Line:
        ring = self._read_line(value, path, 4)
        if ring[0] != ring[-1]:
            raise GeoJsonError(
                f"{path}: the ring is not closed; the last position must be the first one again, {list(ring[0])}."
            )
        for place, (here, there) in enumerate(pairwise(ring)):
            if abs(there[0] - here[0]) >= 180:
                _refuse_ambiguous(here, there, f"{path}[{place}]")
        return ring

    def _read_line(self, value: Any, path: str, least: int) -> Line:
        if not isinstance(value, list | tuple):
            raise GeoJsonError(f"{path}: this is {_describe_value(value)}; it must be a list of positions.")
        if len(value) < least:
            what = "a ring needs at least 4, the last one being the first again" if least == 4 else f"needed: {least}"
            raise GeoJsonError(f"{path}: positions given: {len(value)}; {what}.")
        return self._read_positions(value, lambda place: f"{path}[{place}]")

    def _read_positions(self, values: Sequence[Any], place_of: Callable[[int], str]) -> Line:
        left = MAX_POSITIONS - self._positions
        self._positions += len(values)
        if len(values) > left:
            raise GeoJsonError(
                f"{place_of(left)}: there are more than {MAX_POSITIONS:,} positions. Simplify the geometry."
            )
        return [_plain_position(value) or _read_position(value, place_of(place)) for place, value in enumerate(values)]


def _plain_position(value: Any) -> Position | None:
    """Return the position if it is an ordinary one, by a fast check, because there may be many."""
    if type(value) not in _LISTS or len(value) != 2:
        return None
    longitude, latitude = value
    if type(longitude) not in _NUMBERS or type(latitude) not in _NUMBERS:
        return None
    is_in_range = -180 <= longitude <= 180 and -90 <= latitude <= 90
    return (float(longitude), float(latitude)) if is_in_range else None


def _read_position(value: Any, path: str) -> Position:
    if not isinstance(value, list | tuple) or len(value) < 2 or len(value) > 4:
        raise GeoJsonError(f"{path}: this is {_describe_value(value)}; a position is a list [longitude, latitude].")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float) or not abs(number) < _COORDINATE_LIMIT:
            sentence = f"{path}: {repr(number)[:40]} is not a number of degrees"
            raise GeoJsonError(f"{sentence}; a position is a list [longitude, latitude].")
    return _check_range(float(value[0]), float(value[1]), path)


def _check_range(longitude: float, latitude: float, path: str) -> Position:
    if not -90 <= latitude <= 90:
        raise GeoJsonError(
            f"{path}: the latitude {latitude:g} is not within -90 to 90. GeoJSON is longitude, latitude."
        )
    if not -180 <= longitude <= 180:
        raise GeoJsonError(
            f"{path}: the longitude {longitude:g} is not within -180 to 180. GeoJSON is longitude, latitude."
        )
    return longitude, latitude


def _refuse_ambiguous(here: Position, there: Position, path: str) -> None:
    """Refuse an edge over half the globe, whose direction is ambiguous. At a pole, longitudes don't matter."""
    span = abs(there[0] - here[0])
    if span in (180, 360) and abs(here[1]) < 90 and abs(there[1]) < 90:
        raise GeoJsonError(
            f"{path}: the edge from {list(here)} to {list(there)} spans {span:g} degrees of longitude, "
            "so its direction is ambiguous. Add positions between them."
        )


def _refuse_crs(value: Mapping[str, Any], path: str) -> None:
    crs = value.get("crs")
    if crs is None:
        return
    name = _find_crs_name(crs)
    if name not in _CRS84:
        raise GeoJsonError(
            f"{path}.crs: GeoJSON is always in WGS 84 longitudes and latitudes. Transform it and leave out crs."
        )


def _find_crs_name(crs: Any) -> Any:
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    return properties.get("name") if isinstance(properties, Mapping) else None


def _require_list(value: Mapping[str, Any], name: str, path: str) -> list[Any]:
    found = value.get(name)
    if not isinstance(found, list | tuple) or not found:
        raise GeoJsonError(f"{path}.{name}: this must be a list with at least one entry.")
    return list(found)


def _describe_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        return "a string"
    return "null" if value is None else "an object" if isinstance(value, Mapping) else repr(value)
