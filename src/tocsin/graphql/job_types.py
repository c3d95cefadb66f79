"""Jobs: as they are given, and as they are shown."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, TypeVar

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.documents import Doc, User
from tocsin.errors import InvalidInput
from tocsin.graphql.context import Services
from tocsin.graphql.http_job_types import HttpJob, HttpJobInput, http_job, read_http_job
from tocsin.graphql.job_interface import Job
from tocsin.graphql.report_job_types import ReportJob, ReportJobInput
from tocsin.graphql.scalars import JSON
from tocsin.jobs import registry
from tocsin.jobs.base import Saving
from tocsin.jobs.report_writing import Format
from tocsin.outbound.guard import Rules
from tocsin.outbound.recipients import RecipientRules
from tocsin.schedules.moments import write_duration, write_moment

__all__ = ["JOB_TYPES", "Job", "JobInput", "job_type", "read_job"]


Stored = TypeVar("Stored")


@strawberry.type(description="Work of a kind that a package added to this server.")
class CustomJob(Job):
    params: JSON = strawberry.field(description="Its parameters.")


@strawberry.type(description="A mail.")
class EmailJob(Job):
    to: list[str] = strawberry.field(description="Whom it is sent to.")
    subject: str = strawberry.field(description="Its subject.")
    text: str = strawberry.field(description="Its text.")
    attachments: JSON = strawberry.field(description="Its attachments: a list of objects, as they were given.")


@strawberry.input(description="A mail of plain text.")
class EmailJobInput:
    to: list[str] = strawberry.field(description="1 to 20 addresses, of those that this server lets jobs write to.")
    subject: str = strawberry.field(description="1 to 300 characters.")
    body: str = strawberry.field(description="The text.")
    attachments: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 10 objects `{name, contentType}` with one of `text`, `json`, `base64` and `fileId`.",
    )


@strawberry.type(description="The area and perimeter of polygons on the Earth.")
class PolygonAreaJob(Job):
    geojson: JSON = strawberry.field(description="What is measured.")
    repair: bool = strawberry.field(description="Whether invalid polygons are made valid instead of failing.")


@strawberry.type(description="The countries in which a place, line or area lies.")
class CountryLookupJob(Job):
    geometry: JSON = strawberry.field(description="What is looked up, as GeoJSON.")
    repair: bool = strawberry.field(description="Whether invalid polygons are made valid instead of failing.")


@strawberry.input(
    description="The geodesic area in m² and the perimeter in m of polygons, on WGS 84. See `result` of its runs."
)
class PolygonAreaJobInput:
    geojson: JSON = strawberry.field(
        description="GeoJSON (RFC 7946): a Polygon, a MultiPolygon, or a Feature or FeatureCollection of them."
    )
    repair: bool = strawberry.field(default=False, description="Make invalid polygons valid instead of failing.")


@strawberry.input(
    description="The countries in which a place, line or area lies, each with its share, by Natural Earth's outlines."
)
class CountryLookupJobInput:
    geojson: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="GeoJSON of points only, lines only or areas only. Or give a position."
    )
    longitude: float | None = strawberry.field(default=strawberry.UNSET, description="In degrees, -180 to 180.")
    latitude: float | None = strawberry.field(default=strawberry.UNSET, description="In degrees, -90 to 90.")
    repair: bool = strawberry.field(default=False, description="Make invalid polygons valid instead of failing.")


@strawberry.input(description="Work of any kind that this server knows.")
class CustomJobInput:
    type: str = strawberry.field(description="The kind of work, such as `polygonArea`.")
    params: JSON = strawberry.field(description="Its parameters: an object.")


@strawberry.input(one_of=True, description="The work to do: exactly one of these.")
class JobInput:
    http: strawberry.Maybe[HttpJobInput] = strawberry.field(description="An HTTP call.")
    email: strawberry.Maybe[EmailJobInput] = strawberry.field(description="A mail.")
    report: strawberry.Maybe[ReportJobInput] = strawberry.field(description="A report.")
    polygon_area: strawberry.Maybe[PolygonAreaJobInput] = strawberry.field(description="The area of polygons.")
    country_lookup: strawberry.Maybe[CountryLookupJobInput] = strawberry.field(
        description="The countries of a geometry."
    )
    custom: strawberry.Maybe[CustomJobInput] = strawberry.field(
        description="Work of any kind that this server knows, packages' kinds among them."
    )


JOB_TYPES = (HttpJob, EmailJob, ReportJob, PolygonAreaJob, CountryLookupJob, CustomJob)
"""The concrete types, which only the schema as a whole can name."""


def job_type(job: Doc) -> Job:
    """A stored job as it is shown."""
    if job["kind"] == "http":
        return http_job(job)
    shown = _SHOWN.get(job["kind"])
    return CustomJob(kind=job["kind"], params=job["params"]) if shown is None else shown(job["params"])


def _email(params: Doc) -> EmailJob:
    files = params.get("attachments", [])
    return EmailJob(kind="email", to=params["to"], subject=params["subject"], text=params["body"], attachments=files)


def _report(params: Doc) -> ReportJob:
    whole: Any = params
    return ReportJob(kind="report", title=params["title"], format=Format(params["format"]), params=whole)


def _polygon_area(params: Doc) -> PolygonAreaJob:
    return PolygonAreaJob(kind="polygonArea", geojson=params["geojson"], repair=params.get("repair", False))


def _country_lookup(params: Doc) -> CountryLookupJob:
    point: Any = {"type": "Point", "coordinates": [params.get("longitude"), params.get("latitude")]}
    geometry: Any = params.get("geojson") or point
    return CountryLookupJob(kind="countryLookup", geometry=geometry, repair=params.get("repair", False))


_SHOWN: dict[str, Callable[[Doc], Job]] = {
    "email": _email,
    "report": _report,
    "polygonArea": _polygon_area,
    "countryLookup": _country_lookup,
}
_TYPED = ("email", "report", "polygon_area", "country_lookup")


def read_job(given: JobInput, services: Services, owner: User, previous: Doc | None = None) -> Doc:
    """The job as it is stored; `previous` is the one it replaces, whose secrets are kept. Raises InvalidInput."""
    if given.http is not None:
        saving = _saving("http", services, owner, previous)
        return {"kind": "http", "params": _at(("job", "http"), read_http_job, given.http.value, saving)}
    for name in _TYPED:
        if (typed := getattr(given, name)) is not None:
            kind = to_camel(name)
            saving = _saving(kind, services, owner, previous)
            stored = _at(("job", kind), registry.prepare, kind, _plain(typed.value), saving)
            return {"kind": kind, "params": stored}
    assert given.custom is not None  # noqa: S101  # the last member of a @oneOf
    kind, params = given.custom.value.type, given.custom.value.params
    _at(("job", "custom"), registry.of_user, kind)
    saving = _saving(kind, services, owner, previous)
    return {"kind": kind, "params": _at(("job", "custom", "params"), _prepare, kind, params, saving)}


def _plain(given: Any) -> Doc:
    """A typed input as the job's parameters: what is absent or null is left out."""
    values = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    return {
        to_camel(name.rstrip("_")): _written(value)
        for name, value in values.items()
        if value is not strawberry.UNSET and value is not None
    }


def _written(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _plain(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return write_moment(value)
    return write_duration(value) if isinstance(value, timedelta) else value


def _prepare(kind: str, params: Any, saving: Saving) -> Doc:
    if not isinstance(params, Mapping):
        raise InvalidInput("The parameters are an object of names and values.")
    return registry.prepare(kind, params, saving)


def _saving(kind: str, services: Services, owner: User, previous: Doc | None) -> Saving:
    before = previous["params"] if previous is not None and previous["kind"] == kind else None
    recipients = RecipientRules(services.settings.email_recipients, owner.email)
    return Saving(owner.id, services.secrets, Rules.of(services.settings), before, recipients)


def _at(path: tuple[str, ...], read: Callable[..., Stored], *args: Any) -> Stored:
    """What is read at this place of the input, which its faults then name."""
    try:
        return read(*args)
    except InvalidInput as error:
        raise error.under(*path) from None
