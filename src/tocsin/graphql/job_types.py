"""Jobs: as they are given, and as they are shown."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import strawberry

from tocsin.documents import Doc
from tocsin.errors import InvalidInput
from tocsin.graphql.context import Services
from tocsin.graphql.http_job_types import HttpJob, HttpJobInput, http_job, read_http_job
from tocsin.graphql.job_interface import Job
from tocsin.graphql.scalars import JSON
from tocsin.jobs import registry
from tocsin.jobs.base import Job as JobCode
from tocsin.jobs.base import Saving

__all__ = ["CustomJob", "HttpJob", "Job", "JobInput", "job_type", "read_job"]


Stored = TypeVar("Stored")


@strawberry.type(description="Work of a kind that a package added to this server.")
class CustomJob(Job):
    params: JSON = strawberry.field(description="Its parameters.")


@strawberry.input(description="Work of any kind that this server knows.")
class CustomJobInput:
    type: str = strawberry.field(description="The kind of work, such as `polygonArea`.")
    params: JSON = strawberry.field(description="Its parameters: an object.")


@strawberry.input(one_of=True, description="The work to do: exactly one of these.")
class JobInput:
    http: strawberry.Maybe[HttpJobInput] = strawberry.field(description="An HTTP call.")
    custom: strawberry.Maybe[CustomJobInput] = strawberry.field(
        description="Work of any kind that this server knows, packages' kinds among them."
    )


def job_type(job: Doc) -> Job:
    """A stored job as it is shown."""
    if job["kind"] == "http":
        return http_job(job)
    return CustomJob(kind=job["kind"], params=job["params"])


def read_job(given: JobInput, services: Services, owner: str, previous: Doc | None = None) -> Doc:
    """The job as it is stored; `previous` is the one it replaces, whose secrets are kept. Raises InvalidInput."""
    if given.http is not None:
        saving = _saving("http", services, owner, previous)
        return {"kind": "http", "params": _at(("job", "http"), read_http_job, given.http.value, saving)}
    assert given.custom is not None  # noqa: S101  # the other member of a @oneOf
    kind, params = given.custom.value.type, given.custom.value.params
    job = _at(("job", "custom"), registry.of_user, kind)
    saving = _saving(kind, services, owner, previous)
    return {"kind": kind, "params": _at(("job", "custom", "params"), _prepare, job, params, saving)}


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
