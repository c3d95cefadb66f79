"""The registry of jobs: the built-in ones, and those of packages with entry points in the group `tocsin.jobs`."""

import difflib
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any

from tocsin.errors import InvalidInput, SeveralInvalid, StartError, TocsinError
from tocsin.jobs.base import Job, Saving
from tocsin.jobs.email import EmailJob
from tocsin.jobs.geometry.country_lookup import CountryLookupJob
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob
from tocsin.jobs.http.job import HttpJob
from tocsin.jobs.params import Path
from tocsin.jobs.reports.job import ReportJob
from tocsin.outbound.guard import Rules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.value_bounds import DOCUMENT, value_faults

GROUP = "tocsin.jobs"
BUILT_IN: tuple[type[Job[Any]], ...] = (HttpJob, EmailJob, ReportJob, PolygonAreaJob, CountryLookupJob)
_MAX_FAULTS = 100
_KIND = re.compile(r"[a-z][A-Za-z0-9]{0,62}")


class UnknownJob(TocsinError):
    """A stored job has a kind that is not installed on this server."""


@cache
def all_jobs() -> Mapping[str, Job[Any]]:
    """Return all jobs by kind. Raises StartError if a package's job cannot be used."""
    jobs: dict[str, Job[Any]] = {job.kind: job() for job in BUILT_IN}
    for entry in entry_points(group=GROUP):
        if entry.name in jobs:
            raise StartError(f"The job {entry.name!r} of {_describe_package(entry)} has the name of another job.")
        jobs[entry.name] = _load_job(entry)
    return jobs


def get(kind: str) -> Job[Any]:
    """Return the job of this kind. Raises UnknownJob."""
    try:
        return all_jobs()[kind]
    except KeyError:
        raise UnknownJob(f"There is no job of the kind {kind!r}.") from None


def of_user(kind: str) -> Job[Any]:
    """Return the job that a user asked for. Raises InvalidInput with the known kinds."""
    if kind in all_jobs():
        return get(kind)
    near = difflib.get_close_matches(kind, all_jobs(), 1)
    meant = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(all_jobs()))}."
    raise InvalidInput(f"There is no job {kind!r} on this server. {meant}", "type")


def prepare(kind: str, given: Mapping[str, Any], saving: Saving) -> dict[str, Any]:
    """Return the parameters to store for what a user wrote for a job of this kind.

    Raises InvalidInput, also for values that the database cannot store.
    """
    job = of_user(kind)
    stored = job.prepare(given, saving)
    if saving.recipients is not None and (refused := _find_refused_recipients(job, given, saving.recipients)):
        raise SeveralInvalid([InvalidInput(message, *map(str, path)) for path, message in refused])
    found = islice(value_faults(stored, DOCUMENT), _MAX_FAULTS)
    if faults := [InvalidInput(message, *map(str, path)) for path, message in found]:
        raise SeveralInvalid(faults)
    return stored


def _find_refused_recipients(
    job: Job[Any], given: Mapping[str, Any], recipients: RecipientRules
) -> list[tuple[Path, str]]:
    """Return the addresses that the job may not send mail to, each with the reason."""
    found = ((path, recipients.refusal(address)) for path, address in job.addressees(given))
    return [(path, refusal) for path, refusal in found if refusal is not None]


class Catalog:
    """The registered jobs, as the validation of workflows uses them.

    Targets that `rules` never allow are faults, and so are addresses that `recipients` never allow.
    """

    def __init__(self, rules: Rules | None = None, recipients: RecipientRules | None = None) -> None:
        self._rules, self._recipients = rules, recipients

    def kinds(self) -> Collection[str]:
        """Return the kinds of all jobs."""
        return all_jobs().keys()

    def check(self, kind: str, params: Mapping[str, Any]) -> list[tuple[Path, str]]:
        """Return the faults of parameters that may contain expressions, each with its path."""
        job = get(kind)
        if found := job.faults(params) or (job.refusals(params, self._rules) if self._rules is not None else []):
            return found
        if self._recipients is not None and (found := _find_refused_recipients(job, params, self._recipients)):
            return found
        return list(islice(value_faults(params, DOCUMENT), _MAX_FAULTS))


def _load_job(entry: EntryPoint) -> Job[Any]:
    try:
        found = entry.load()
        job = found() if isinstance(found, type) else found
    except Exception as error:
        raise StartError(f"The job {entry.name!r} of {_describe_package(entry)} cannot be loaded: {error!r}") from error
    if not isinstance(job, Job) or job.kind != entry.name or not _KIND.fullmatch(entry.name):
        raise StartError(
            f"The job {entry.name!r} of {_describe_package(entry)} cannot be used: it must be a subclass of "
            "tocsin.jobs.base.Job whose kind is the entry point's name, such as polygonArea."
        )
    return job


def _describe_package(entry: EntryPoint) -> str:
    return f"the package {entry.dist.name}" if entry.dist else "a package"
