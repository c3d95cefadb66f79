"""The `countryLookup` job: the countries of a place, line or area, by Natural Earth's outlines at 1:50m.

Its result:
- `countries`: sorted by share, the largest first. Each has `name`; `isoA2` and `isoA3`, null where there are none;
  `share`, 0 to 1, of the area of areas, the length of lines or the number of points; `touchesOnly`, true if only its
  border is met.
- `remainder`: the share outside of all countries, which is sea.
- `source` and `version` of the outlines.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from tocsin.input_models import ParamsModel, skips_slow_checks
from tocsin.jobs.base import Job, JobContext, Outcome
from tocsin.jobs.extras import GEOMETRY, find_missing
from tocsin.jobs.geometry.base import compute_geometry
from tocsin.jobs.geometry.geojson import GeoJsonError, InvalidGeometry, Shape, parse_shapes

if TYPE_CHECKING:
    from tocsin.jobs.geometry.overlay import CountryShares  # needs the extra `geometry`

_TYPES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon",
    "GeometryCollection", "Feature", "FeatureCollection",
)  # fmt: skip
_KINDS = ("points", "lines", "areas")


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

    def find_missing_extra(self, given: Mapping[str, Any]) -> str | None:  # noqa: ARG002  # whatever they are
        """Return the extra `geometry` if it is not installed."""
        return find_missing(GEOMETRY)

    def preload(self) -> None:
        """Load the outlines and build their index."""
        if find_missing(GEOMETRY) is None:
            look_up_countries({"type": "Point", "coordinates": [0, 0]}, False)

    async def perform(self, params: CountryLookupParams, context: JobContext) -> Outcome:
        """Look the countries up. Fails without retries for invalid polygons and for lines without length."""
        point = {"type": "Point", "coordinates": [params.longitude, params.latitude]}
        return await compute_geometry(context, look_up_countries, params.geojson or point, params.repair)


def look_up_countries(geojson: Mapping[str, Any], repair: bool) -> "CountryShares | InvalidGeometry":
    """Return the result. Raises GeoJsonError for invalid GeoJSON."""
    from tocsin.jobs.geometry.overlay import overlay_countries

    return overlay_countries(_read_single_kind(geojson), repair=repair)


def _read_single_kind(geojson: Any) -> Sequence[Shape]:
    shapes = parse_shapes(geojson, _TYPES)
    kinds = sorted({shape.dimension for shape in shapes})
    if len(kinds) > 1:
        names = " and ".join(_KINDS[kind] for kind in kinds)
        raise GeoJsonError(
            f"geojson: it has {names}, but shares can only be computed for one kind. Look them up separately."
        )
    return shapes
