"""Input and output types of jobs."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.documents import Doc, User
from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import to_params
from tocsin.graphql.context import Services
from tocsin.graphql.jobs.http import HttpJob, HttpJobInput, to_http_job
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.jobs.report import ReportJob, ReportJobInput
from tocsin.graphql.scalars import JSON
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext
from tocsin.jobs.reports.content import ReportFormat
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules

__all__ = ["JOB_TYPES", "Job", "JobInput", "parse_job", "to_job"]


Stored = TypeVar("Stored")


@strawberry.type(description="A job of a kind that a package added to this server.")
class CustomJob(Job):
    params: JSON = strawberry.field(description="Parameters of the job.")


@strawberry.type(description="A mail to send.")
class EmailJob(Job):
    to: list[str] = strawberry.field(description="Addresses of the recipients.")
    subject: str = strawberry.field(description="Subject of the mail.")
    text: str = strawberry.field(description="Plain text of the mail.")
    attachments: JSON = strawberry.field(description="Attachments: a list of objects, as in the input.")


@strawberry.input(description="A plain text mail to send.")
class EmailJobInput:
    to: list[str] = strawberry.field(
        description="Addresses of the recipients, 1 to 20, among those that this server allows jobs to write to."
    )
    subject: str = strawberry.field(description="Subject of the mail, 1 to 300 characters.")
    body: str = strawberry.field(description="Plain text of the mail.")
    attachments: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 10 objects with `name`, `contentType` and one of `text`, `json`, `base64` and `fileId`.",
    )


@strawberry.type(description="The area and perimeter of polygons on the surface of the Earth.")
class PolygonAreaJob(Job):
    geojson: JSON = strawberry.field(description="The polygons, as GeoJSON.")
    repair: bool = strawberry.field(description="True if invalid polygons are repaired instead of failing the job.")


@strawberry.type(description="The countries in which a point, line or area lies.")
class CountryLookupJob(Job):
    geometry: JSON = strawberry.field(description="The geometry to look up, as GeoJSON.")
    repair: bool = strawberry.field(description="True if invalid polygons are repaired instead of failing the job.")


@strawberry.input(
    description="The geodesic area (m²) and perimeter (m) of polygons on WGS 84, returned as `result` of the run."
)
class PolygonAreaJobInput:
    geojson: JSON = strawberry.field(
        description="GeoJSON (RFC 7946): a Polygon, a MultiPolygon, or a Feature or FeatureCollection of these."
    )
    repair: bool = strawberry.field(default=False, description="Repair invalid polygons instead of failing the job.")


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


@strawberry.input(description="A job of any kind that this server has.")
class CustomJobInput:
    type: str = strawberry.field(description="Kind of the job, such as `polygonArea`.")
    params: JSON = strawberry.field(description="Parameters of the job: an object.")


@strawberry.input(one_of=True, description="The job to perform. Set exactly one field.")
class JobInput:
    http: strawberry.Maybe[HttpJobInput] = strawberry.field(description="Send an HTTP request.")
    email: strawberry.Maybe[EmailJobInput] = strawberry.field(description="Send a mail.")
    report: strawberry.Maybe[ReportJobInput] = strawberry.field(description="Write a report.")
    polygon_area: strawberry.Maybe[PolygonAreaJobInput] = strawberry.field(
        description="Compute the area and perimeter of polygons."
    )
    country_lookup: strawberry.Maybe[CountryLookupJobInput] = strawberry.field(
        description="Find the countries in which a geometry lies."
    )
    custom: strawberry.Maybe[CustomJobInput] = strawberry.field(
        description="Perform a job of any kind that this server has, including those added by packages."
    )


JOB_TYPES = (HttpJob, EmailJob, ReportJob, PolygonAreaJob, CountryLookupJob, CustomJob)
"""Implementations of `Job`, which the schema has to list: no field refers to them."""


def to_job(job: Doc) -> Job:
    """Convert a stored job."""
    if job["kind"] == "http":
        return to_http_job(job)
    shown = _CONVERTERS.get(job["kind"])
    return CustomJob(kind=job["kind"], params=job["params"]) if shown is None else shown(job["params"])


def _to_email_job(params: Doc) -> EmailJob:
    files = params.get("attachments", [])
    return EmailJob(kind="email", to=params["to"], subject=params["subject"], text=params["body"], attachments=files)


def _to_report_job(params: Doc) -> ReportJob:
    whole: Any = params
    return ReportJob(kind="report", title=params["title"], format=ReportFormat(params["format"]), params=whole)


def _to_polygon_area_job(params: Doc) -> PolygonAreaJob:
    return PolygonAreaJob(kind="polygonArea", geojson=params["geojson"], repair=params.get("repair", False))


def _to_country_lookup_job(params: Doc) -> CountryLookupJob:
    point: Any = {"type": "Point", "coordinates": [params.get("longitude"), params.get("latitude")]}
    geometry: Any = params.get("geojson") or point
    return CountryLookupJob(kind="countryLookup", geometry=geometry, repair=params.get("repair", False))


_CONVERTERS: dict[str, Callable[[Doc], Job]] = {
    "email": _to_email_job,
    "report": _to_report_job,
    "polygonArea": _to_polygon_area_job,
    "countryLookup": _to_country_lookup_job,
}
_TYPED_FIELDS = ("http", "email", "report", "polygon_area", "country_lookup")


def parse_job(input_: JobInput, services: Services, owner: User, previous: Doc | None = None) -> Doc:
    """Return the stored form of the job, with secrets of the `previous` job that it replaces. Raises InvalidInput."""
    for name in _TYPED_FIELDS:
        if (typed := getattr(input_, name)) is not None:
            kind = to_camel(name)
            saving = _saving(kind, services, owner, previous)
            stored = _read_at(("job", kind), registry.prepare_params, kind, to_params(typed.value), saving)
            return {"kind": kind, "params": stored}
    assert input_.custom is not None  # noqa: S101  # the last member of a @oneOf
    kind, params = input_.custom.value.type, input_.custom.value.params
    _read_at(("job", "custom"), registry.parse_kind, kind)
    saving = _saving(kind, services, owner, previous)
    return {"kind": kind, "params": _read_at(("job", "custom", "params"), _prepare_custom, kind, params, saving)}


def _prepare_custom(kind: str, params: Any, saving: SaveContext) -> Doc:
    if not isinstance(params, Mapping):
        raise InvalidInput("params must be an object of names and values.")
    return registry.prepare_params(kind, params, saving)


def _saving(kind: str, services: Services, owner: User, previous: Doc | None) -> SaveContext:
    before = previous["params"] if previous is not None and previous["kind"] == kind else None
    recipients = RecipientRules(services.settings.email_recipients, owner.email)
    return SaveContext(owner.id, services.secrets, ConnectionRules.from_settings(services.settings), before, recipients)


def _read_at(path: tuple[str, ...], read: Callable[..., Stored], *args: Any) -> Stored:
    """Call `read` and prepend `path` to the path of its errors."""
    try:
        return read(*args)
    except InvalidInput as error:
        raise error.prefix_path(*path) from None
