"""Input and output types of jobs."""

from collections.abc import Callable, Mapping
from typing import Any

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.documents import JobDocument, User
from tocsin.errors import InvalidInput
from tocsin.graphql.arguments import prefix_errors, to_params
from tocsin.graphql.context import Services
from tocsin.graphql.jobs.email import EmailJob, EmailJobInput, to_email_job
from tocsin.graphql.jobs.geometry import (
    CountryLookupJob,
    CountryLookupJobInput,
    PolygonAreaJob,
    PolygonAreaJobInput,
    to_country_lookup_job,
    to_polygon_area_job,
)
from tocsin.graphql.jobs.http import HttpJob, HttpJobInput, to_http_job
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.jobs.report import ReportJob, ReportJobInput, to_report_job
from tocsin.graphql.scalars import JSON
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext
from tocsin.named_secrets.store import KnownSecrets
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules

__all__ = ["JOB_TYPES", "Job", "JobInput", "parse_job", "to_job"]


@strawberry.type(description="A job of a kind that a package added to this server.")
class CustomJob(Job):
    type: str = strawberry.field(description="Kind of the job, as in the input.")
    params: JSON = strawberry.field(description="Parameters of the job.")


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


_CONVERTERS: dict[str, Callable[[JobDocument], Job]] = {
    "http": to_http_job,
    "email": to_email_job,
    "report": to_report_job,
    "polygonArea": to_polygon_area_job,
    "countryLookup": to_country_lookup_job,
}
_TYPED_FIELDS = ("http", "email", "report", "polygon_area", "country_lookup")


def to_job(job: JobDocument) -> Job:
    """Convert a stored job."""
    return _CONVERTERS.get(job["kind"], _to_custom_job)(job)


def _to_custom_job(job: JobDocument) -> CustomJob:
    params: Any = job["params"]
    return CustomJob(kind=job["kind"], type=job["kind"], params=params)


def parse_job(
    input_: JobInput,
    services: Services,
    owner: User,
    known_secrets: KnownSecrets,
    previous: JobDocument | None = None,
) -> JobDocument:
    """Return the stored form of the job, with secrets of the `previous` job that it replaces. Raises InvalidInput.

    `known_secrets` are the owner's named secrets, as `load_known_secrets` returns them.
    """
    for name in _TYPED_FIELDS:
        if (typed := getattr(input_, name)) is not None:
            kind = to_camel(name)
            with prefix_errors("job", kind):
                context = _save_context(kind, services, owner, known_secrets, previous)
                return {"kind": kind, "params": registry.prepare_params(kind, to_params(typed.value), context)}
    assert input_.custom is not None  # noqa: S101  # the last member of a @oneOf
    kind, custom = input_.custom.value.type, input_.custom.value.params
    with prefix_errors("job", "custom"):
        registry.parse_kind(kind)
    with prefix_errors("job", "custom", "params"):
        if not isinstance(custom, Mapping):
            raise InvalidInput("params must be an object of names and values.")
        context = _save_context(kind, services, owner, known_secrets, previous)
        return {"kind": kind, "params": registry.prepare_params(kind, custom, context)}


def _save_context(
    kind: str, services: Services, owner: User, known_secrets: KnownSecrets, previous: JobDocument | None
) -> SaveContext:
    before = previous["params"] if previous is not None and previous["kind"] == kind else None
    recipients = RecipientRules(services.settings.email_recipients, owner.email)
    rules = ConnectionRules.from_settings(services.settings)
    return SaveContext(owner.id, services.secrets, rules, before, recipients, known_secrets=known_secrets)
