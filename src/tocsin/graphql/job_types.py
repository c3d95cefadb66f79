"""Jobs: as they are given, and as they are shown."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry
from pydantic.alias_generators import to_camel

from tocsin.documents import Doc
from tocsin.errors import InvalidInput
from tocsin.graphql.context import Services
from tocsin.graphql.http_job_types import HttpJob, HttpJobInput, http_job, read_http_job
from tocsin.graphql.job_interface import Job
from tocsin.graphql.scalars import JSON
from tocsin.jobs import registry
from tocsin.jobs.base import Job as JobCode
from tocsin.jobs.base import Saving

__all__ = ["CustomJob", "EmailJob", "HttpJob", "Job", "JobInput", "job_type", "read_job"]


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
        description="At most 10 objects `{name, contentType}` with one of `text`, `json` and `base64`.",
    )


@strawberry.input(description="Work of any kind that this server knows.")
class CustomJobInput:
    type: str = strawberry.field(description="The kind of work, such as `polygonArea`.")
    params: JSON = strawberry.field(description="Its parameters: an object.")


@strawberry.input(one_of=True, description="The work to do: exactly one of these.")
class JobInput:
    http: strawberry.Maybe[HttpJobInput] = strawberry.field(description="An HTTP call.")
    email: strawberry.Maybe[EmailJobInput] = strawberry.field(description="A mail.")
    custom: strawberry.Maybe[CustomJobInput] = strawberry.field(
        description="Work of any kind that this server knows, packages' kinds among them."
    )


def job_type(job: Doc) -> Job:
    """A stored job as it is shown."""
    if job["kind"] == "http":
        return http_job(job)
    params = job["params"]
    if job["kind"] == "email":
        files = params.get("attachments", [])
        return EmailJob(
            kind="email", to=params["to"], subject=params["subject"], text=params["body"], attachments=files
        )
    return CustomJob(kind=job["kind"], params=params)


def read_job(given: JobInput, services: Services, owner: str, previous: Doc | None = None) -> Doc:
    """The job as it is stored; `previous` is the one it replaces, whose secrets are kept. Raises InvalidInput."""
    if given.http is not None:
        saving = _saving("http", services, owner, previous)
        return {"kind": "http", "params": _at(("job", "http"), read_http_job, given.http.value, saving)}
    if given.email is not None:
        saving = _saving("email", services, owner, previous)
        mail = _plain(given.email.value)
        return {"kind": "email", "params": _at(("job", "email"), _prepare, registry.get("email"), mail, saving)}
    assert given.custom is not None  # noqa: S101  # the last member of a @oneOf
    kind, params = given.custom.value.type, given.custom.value.params
    job = _at(("job", "custom"), registry.of_user, kind)
    saving = _saving(kind, services, owner, previous)
    return {"kind": kind, "params": _at(("job", "custom", "params"), _prepare, job, params, saving)}


def _plain(given: Any) -> Doc:
    """A typed input as the job's parameters: what is absent is left out."""
    values = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    return {to_camel(name): value for name, value in values.items() if value is not strawberry.UNSET}


def _prepare(job: JobCode[Any], params: Any, saving: Saving) -> Doc:
    if not isinstance(params, Mapping):
        raise InvalidInput("The parameters are an object of names and values.")
    return job.prepare(params, saving)


def _saving(kind: str, services: Services, owner: str, previous: Doc | None) -> Saving:
    before = previous["params"] if previous is not None and previous["kind"] == kind else None
    return Saving(owner, services.secrets, services.settings.denied_ports, before)


def _at(path: tuple[str, ...], read: Callable[..., Stored], *args: Any) -> Stored:
    """What is read at this place of the input, which its faults then name."""
    try:
        return read(*args)
    except InvalidInput as error:
        raise error.under(*path) from None
