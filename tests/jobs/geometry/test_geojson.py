"""Parsing of GeoJSON, and unwrapping of rings."""

from typing import Any

import pytest

from tests.jobs.geometry.shapes import SQUARE, collection, feature, polygon
from tocsin.jobs.geometry.geojson import MAX_FEATURES, MAX_POSITIONS, parse_shapes

ALL = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection", "Feature", "FeatureCollection",
)  # fmt: skip


def with_position(position: Any) -> dict[str, Any]:
    return polygon([*SQUARE[:3], position, SQUARE[0]])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (3, "geojson: this is 3; it must be a GeoJSON object with a type."),
        ({}, "geojson: the type is missing; it must be one of Point, "),
        ({"type": "Circle"}, "geojson: the type is 'Circle'; it must be one of Point, "),
        ({"type": ["Point"]}, "geojson: the type is ['Point']; it must be one of"),
        ({"type": "Point"}, "geojson: coordinates are missing."),
        (polygon(), "geojson.coordinates: this is empty; it must be a list of lists"),
        (polygon(7), "geojson.coordinates[0]: this is 7; it must be a list of positions."),
        (polygon([[0, 0], [1, 0], [0, 0]]), "geojson.coordinates[0]: positions given: 3; a ring needs at least 4"),
        (polygon([*SQUARE[:4], [0, 2]]), "geojson.coordinates[0]: the ring is not closed; the last"),
        (polygon(SQUARE, [*SQUARE[:4], [0, 2]]), "geojson.coordinates[1]: the ring is not closed"),
        (with_position("x"), "geojson.coordinates[0][3]: this is a string; a position is a list"),
        (with_position([1]), "geojson.coordinates[0][3]: this is a list of 1; a position is a list"),
        (with_position(["1", 2]), "geojson.coordinates[0][3]: '1' is not a number"),
        (with_position([True, 2]), "geojson.coordinates[0][3]: True is not a number"),
        (with_position([None, 2]), "geojson.coordinates[0][3]: None is not a number"),
        (with_position([float("nan"), 2]), "geojson.coordinates[0][3]: nan is not a number"),
        (with_position([10**400, 2]), "geojson.coordinates[0][3]: 1000"),
        (
            with_position([52.5, 113.4]),
            "geojson.coordinates[0][3]: the latitude 113.4 is not within -90 to 90. GeoJSON is longitude, latitude.",
        ),
        (with_position([181, 2]), "geojson.coordinates[0][3]: the longitude 181 is not within -180 to 180."),
        (
            polygon([[0, 0], [180, 0], [90, 50], [0, 0]]),
            "geojson.coordinates[0][0]: the edge from [0.0, 0.0] to [180.0, 0.0] spans 180 degrees",
        ),
        (
            polygon([[-180, 0], [180, 0], [90, 50], [-180, 0]]),
            "geojson.coordinates[0][0]: the edge from [-180.0, 0.0] to [180.0, 0.0] spans 360",
        ),
        ({"type": "LineString", "coordinates": [[0, 0]]}, "geojson.coordinates: positions given: 1; needed: 2."),
        (collection(polygon(SQUARE), None), "geojson.features[1].geometry: the feature has no geometry."),
        (
            collection(*[polygon(SQUARE)] * 2, with_position([0, 91])),
            "geojson.features[2].geometry.coordinates[0][3]: the latitude 91",
        ),
        ({"type": "FeatureCollection", "features": []}, "geojson.features: this must be a list with at least one"),
        (
            {"type": "FeatureCollection", "features": [polygon(SQUARE)]},
            "geojson.features[0]: the type is Polygon; in a FeatureCollection",
        ),
        (feature(feature(polygon(SQUARE))), "geojson.geometry: a Feature is not allowed here"),
        (
            {"type": "GeometryCollection", "geometries": [polygon(SQUARE), {"type": "Point", "coordinates": [0]}]},
            "geojson.geometries[1].coordinates: this is a list of 1",
        ),
        (
            {**polygon(SQUARE), "crs": {"type": "name", "properties": {"name": "EPSG:3857"}}},
            "geojson.crs: GeoJSON is always in WGS 84",
        ),
        ({**polygon(SQUARE), "crs": {"properties": {"name": ["x"]}}}, "geojson.crs: GeoJSON is always"),
        ({**polygon(SQUARE), "crs": "EPSG:3857"}, "geojson.crs: GeoJSON is always"),
    ],
)  # fmt: skip
def test_invalid_geojson_is_reported_with_its_place(value: Any, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_shapes(value, ALL)
    assert str(caught.value).startswith(sentence)


def test_no_more_positions_than_the_limit() -> None:
    points = {"type": "MultiPoint", "coordinates": [[0, 0]] * MAX_POSITIONS}
    assert len(parse_shapes(points, ALL)[0].parts) == MAX_POSITIONS
    points["coordinates"] = [[0, 0]] * (MAX_POSITIONS + 1)
    with pytest.raises(ValueError, match=rf"coordinates\[{MAX_POSITIONS}\]: there are more than 100,000 positions"):
        parse_shapes(points, ALL)


def test_no_more_features_than_the_limit() -> None:
    with pytest.raises(ValueError, match="there are 10,001 features"):
        parse_shapes(collection(*[{"type": "Point", "coordinates": [0, 0]}] * (MAX_FEATURES + 1)), ALL)


def test_collections_may_not_be_bottomless() -> None:
    value: Any = {"type": "Point", "coordinates": [0, 0]}
    for _ in range(500):
        value = {"type": "GeometryCollection", "geometries": [value]}
    with pytest.raises(ValueError, match="nested more than 8 levels deep"):
        parse_shapes(value, ALL)


def test_altitudes_are_left_out_and_features_are_remembered() -> None:
    given = {"type": "FeatureCollection", "features": [feature({"type": "Point", "coordinates": [1, 2, 300]}, id="a")]}
    (shape,) = parse_shapes(given, ALL)
    assert (shape.parts, shape.feature, shape.id) == ([(1.0, 2.0)], 0, "a")


def test_the_crs_that_geojson_has_anyway_is_taken() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert parse_shapes({**polygon(SQUARE), "crs": crs}, ALL)[0].dimension == 2
