"""The kinds of work there are."""

from tocsin.errors import TocsinError
from tocsin.jobs.base import Job
from tocsin.jobs.http import HttpJob

_JOBS: dict[str, Job] = {job.kind: job for job in (HttpJob(),)}


class UnknownJob(TocsinError):
    """A stored job is of a kind that this version does not know."""


def get(kind: str) -> Job:
    """The job of this kind. Raises UnknownJob."""
    try:
        return _JOBS[kind]
    except KeyError:
        raise UnknownJob(f"There is no job of the kind {kind!r}.") from None
