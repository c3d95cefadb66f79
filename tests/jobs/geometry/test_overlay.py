"""Shares of countries in lines and areas."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings

from tests.jobs.geometry.shapes import box, parallel, polygon, stars
from tocsin.jobs.geometry.countries.index import load_index
from tocsin.jobs.geometry.countries.outlines import Country, load_atlas
from tocsin.jobs.geometry.country_lookup import look_up_countries
from tocsin.jobs.geometry.geojson import InvalidGeometry
from tocsin.jobs.geometry.overlay import CountryShares
from tocsin.jobs.geometry.plane import area

ATLAS = load_atlas()


def country(name: str) -> Country:
    (found,) = (country for country in ATLAS.countries if country.name == name)
    return found


def found(geojson: Any) -> CountryShares:
    result = look_up_countries(geojson, False)
    assert not isinstance(result, InvalidGeometry), result
    return result


def shares(geojson: Any) -> dict[str, float]:
    return {entry["name"]: entry["share"] for entry in found(geojson)["countries"]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def line(*positions: Any) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": list(positions)}


def test_the_land_is_a_bit_less_than_a_third_of_the_earth() -> None:
    world = found(polygon([[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]))
    assert world["remainder"] == pytest.approx(0.7105, abs=0.005)  # 361.9 of 510.1 million km² are sea
    assert len(world["countries"]) == len(ATLAS.countries)
    assert world["countries"][0]["name"] == "Russian Federation"


def test_an_area_is_shared_by_its_area_not_its_degrees() -> None:
    """In a strip of equal extent in degrees, the north has the smaller area."""
    strip = found(polygon(box(-180, 60, 0, 85, 90)))
    greenland = next(entry["share"] for entry in strip["countries"] if entry["name"] == "Greenland")
    window = shapely.box(-180, 60, 0, 85)
    inside = shapely.intersection(country("Greenland").outline, window)
    assert greenland == pytest.approx(area(inside) / area(window), rel=1e-6)
    assert greenland < shapely.area(inside) / shapely.area(window) * 0.9


def test_russia_across_180_degrees_is_one_and_whole() -> None:
    across = found(polygon([[178, 67], [-178, 67], [-178, 68], [178, 68], [178, 67]]))
    assert [(entry["isoA2"], entry["touchesOnly"]) for entry in across["countries"]] == [("RU", False)]
    assert across["countries"][0]["share"] == pytest.approx(1, abs=0.02)
    assert shares(line([178, 68], [-178, 68])).keys() == {"Russian Federation"}
    along = found(line([180, 67.9], [180, 68.1]))
    assert [(entry["isoA2"], entry["share"], entry["touchesOnly"]) for entry in along["countries"]] == [
        ("RU", 1, False)
    ]


def test_round_the_south_pole_is_all_antarctic() -> None:
    assert shares(polygon(parallel(-86, 360))) == {"Antarctica": 1}


def test_a_country_is_its_own_and_touches_its_neighbours() -> None:
    lesotho = country("Lesotho").outline.geoms[0]
    result = found(polygon(shapely.get_coordinates(lesotho).tolist()))
    assert [(entry["name"], entry["touchesOnly"]) for entry in result["countries"]] == [
        ("Lesotho", False),
        ("South Africa", True),
    ]
    assert [entry["share"] for entry in result["countries"]] == [1, 0]
    assert result["remainder"] == 0


def test_a_line_along_a_border_counts_half_for_each_side() -> None:
    border = shapely.get_coordinates(country("Lesotho").outline).tolist()
    result = found(line(*border))
    assert [(entry["share"], entry["touchesOnly"]) for entry in result["countries"]] == [(0.5, True), (0.5, True)]


@given(ring=stars())
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_shares_and_remainder_are_all(ring: list[list[float]]) -> None:
    for geojson in (polygon(ring), line(*ring), {"type": "MultiPoint", "coordinates": ring}):
        result = found(geojson)
        assert sum(entry["share"] for entry in result["countries"]) + result["remainder"] == pytest.approx(1, abs=1e-8)
        assert all(0 <= entry["share"] <= 1 for entry in result["countries"])


@given(ring=stars())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_areas_are_shared_as_a_grid_of_points_would(ring: list[list[float]]) -> None:
    """The reference model counts points spread evenly over the globe."""
    xs = np.array(ring)[:, 0]
    if np.ptp(xs) > 180:
        return
    shape = shapely.Polygon(ring)
    west, south, east, north = shape.bounds
    rise = np.sin(np.radians([south, north]))
    grid_x, grid_y = np.meshgrid(np.linspace(west, east, 90), np.degrees(np.arcsin(np.linspace(rise[0], rise[1], 90))))
    grid = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    grid = grid[shapely.contains_xy(shape, grid[:, 0], grid[:, 1])]
    counted = {number: found.amount / len(grid) for number, found in load_index().match_points(grid).items()}
    for name, share in shares(polygon(ring)).items():
        number = next(place for place, entry in enumerate(ATLAS.countries) if entry.name == name)
        assert share == pytest.approx(counted.get(number, 0), abs=0.06)
