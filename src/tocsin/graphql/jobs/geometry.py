"""Input and output types of the jobs about geometries."""

from typing import Any

import strawberry

from tocsin.documents import JobDocument
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.scalars import JSON


@strawberry.type(description="The area and perimeter of polygons on the surface of the Earth.")
class PolygonAreaJob(Job):
    geojson: JSON = strawberry.field(description="The polygons, as GeoJSON.")
    repair: bool = strawberry.field(description="True if invalid polygons are repaired instead of failing the job.")


@strawberry.input(
    description="The geodesic area (m²) and perimeter (m) of polygons on WGS 84, returned as `result` of the run."
)
class PolygonAreaJobInput:
    geojson: JSON = strawberry.field(
        description="GeoJSON (RFC 7946): a Polygon, a MultiPolygon, or a Feature or FeatureCollection of these."
    )
    repair: bool = strawberry.field(default=False, description="Repair invalid polygons instead of failing the job.")


@strawberry.type(description="The countries in which a point, line or area lies.")
class CountryLookupJob(Job):
    geojson: JSON = strawberry.field(
        description="The geometry to look up, as GeoJSON; a point for `longitude` and `latitude`."
    )
    geometry: JSON = strawberry.field(
        description="The geometry to look up, as GeoJSON.",
        deprecation_reason="Use `geojson`.",
    )
    repair: bool = strawberry.field(description="True if invalid polygons are repaired instead of failing the job.")


@strawberry.input(
    description="The countries in which a point, line or area lies, each with its share, by Natural Earth borders."
)
class CountryLookupJobInput:
    geojson: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="GeoJSON of only points, only lines or only areas. Alternative: `longitude` and `latitude`.",
    )
    longitude: float | None = strawberry.field(
        default=strawberry.UNSET, description="Longitude of the point in degrees, -180 to 180."
    )
    latitude: float | None = strawberry.field(
        default=strawberry.UNSET, description="Latitude of the point in degrees, -90 to 90."
    )
    repair: bool = strawberry.field(default=False, description="Repair invalid polygons instead of failing the job.")


def to_polygon_area_job(job: JobDocument) -> PolygonAreaJob:
    """Convert a stored `polygonArea` job."""
    params = job["params"]
    return PolygonAreaJob(kind=job["kind"], geojson=params["geojson"], repair=params.get("repair", False))


def to_country_lookup_job(job: JobDocument) -> CountryLookupJob:
    """Convert a stored `countryLookup` job."""
    params = job["params"]
    point: Any = {"type": "Point", "coordinates": [params.get("longitude"), params.get("latitude")]}
    geometry: Any = params.get("geojson") or point
    return CountryLookupJob(
        kind=job["kind"],
        geojson=geometry,
        geometry=geometry,
        repair=params.get("repair", False),
    )
