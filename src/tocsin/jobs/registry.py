"""The registry of jobs: the built-in ones, and those of packages with entry points in the group `tocsin.jobs`."""

import difflib
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import Any

from tocsin.errors import InvalidInput, MultipleInvalid, StartupError, TocsinError
from tocsin.jobs.base import Job, SaveContext
from tocsin.jobs.email import EmailJob
from tocsin.jobs.extras import explain_missing
from tocsin.jobs.geometry.country_lookup import CountryLookupJob
from tocsin.jobs.geometry.polygon_area import PolygonAreaJob
from tocsin.jobs.http.job import HttpJob
from tocsin.jobs.http.secret_references import find_host_faults
from tocsin.jobs.reports.job import ReportJob
from tocsin.named_secrets.references import explain_unknown, find_names, iter_texts, secret_key
from tocsin.named_secrets.store import KnownSecrets
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.value_bounds import DOCUMENT_BOUNDS, ValuePath, find_value_faults

ENTRY_POINT_GROUP = "tocsin.jobs"
BUILT_IN: tuple[type[Job[Any]], ...] = (HttpJob, EmailJob, ReportJob, PolygonAreaJob, CountryLookupJob)
_MAX_FAULTS = 100
_KIND = re.compile(r"[a-z][A-Za-z0-9]{0,62}")


class UnknownJob(TocsinError):
    """A stored job has a kind that is not installed on this server."""


@cache
def load_jobs() -> Mapping[str, Job[Any]]:
    """Return all jobs by kind. Raises StartupError if a package's job cannot be used."""
    jobs: dict[str, Job[Any]] = {job.kind: job() for job in BUILT_IN}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name in jobs:
            raise StartupError(f"The job {entry.name!r} of {_describe_package(entry)} has the name of another job.")
        jobs[entry.name] = _load_job(entry)
    return jobs


def get_job(kind: str) -> Job[Any]:
    """Return the job of this kind. Raises UnknownJob."""
    try:
        return load_jobs()[kind]
    except KeyError:
        raise UnknownJob(f"There is no job of the kind {kind!r}.") from None


def parse_kind(kind: str) -> Job[Any]:
    """Return the job that a user asked for. Raises InvalidInput with the known kinds."""
    if kind in load_jobs():
        return get_job(kind)
    near = difflib.get_close_matches(kind, load_jobs(), 1)
    meant = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(load_jobs()))}."
    raise InvalidInput(f"There is no job {kind!r} on this server. {meant}", "type")


def prepare_params(kind: str, given: Mapping[str, Any], saving: SaveContext) -> dict[str, Any]:
    """Return the parameters to store for what a user wrote for a job of this kind.

    Raises InvalidInput, also for values that the database cannot store.
    """
    job = parse_kind(kind)
    if (extra := job.find_missing_extra(given)) is not None:
        raise InvalidInput(explain_missing(kind, extra))
    if saving.known_secrets is not None and job.kind != HttpJob.kind:
        _refuse_references(given)
    stored = job.prepare(given, saving)
    if saving.recipient_rules is not None and (refused := _find_refused_recipients(job, given, saving.recipient_rules)):
        raise MultipleInvalid([InvalidInput(message, *map(str, path)) for path, message in refused])
    found = islice(find_value_faults(stored, DOCUMENT_BOUNDS), _MAX_FAULTS)
    if faults := [InvalidInput(message, *map(str, path)) for path, message in found]:
        raise MultipleInvalid(faults)
    return stored


def _refuse_references(given: Mapping[str, Any]) -> None:
    """Raise InvalidInput for a reference to a named secret, which has no host to go to."""
    for path, text in iter_texts(given):
        if find_names(text):
            raise InvalidInput(
                "Secrets can be used in http jobs only: they go to allowed hosts, and nowhere else.", *path
            )


def _find_refused_recipients(
    job: Job[Any], given: Mapping[str, Any], recipients: RecipientRules
) -> list[tuple[ValuePath, str]]:
    """Return the addresses that the job may not send mail to, each with the reason."""
    found = ((path, recipients.explain_refusal(address)) for path, address in job.find_recipients(given))
    return [(path, refusal) for path, refusal in found if refusal is not None]


class RegisteredJobs:
    """The registered jobs, as the validation of workflows uses them.

    Targets that `rules` never allow are faults, and so are addresses that `recipients` never allow. `secrets` are the
    owner's named secrets; None if they are not known.
    """

    def __init__(
        self,
        rules: ConnectionRules | None = None,
        recipients: RecipientRules | None = None,
        secrets: KnownSecrets | None = None,
    ) -> None:
        self._rules, self._recipients, self._secrets = rules, recipients, secrets

    def kinds(self) -> Collection[str]:
        """Return the kinds of all jobs."""
        return load_jobs().keys()

    def explain_unknown_secret(self, name: str) -> str | None:
        """Return a sentence if there is no secret of this name; None if there is, or if they are not known."""
        return None if self._secrets is None or secret_key(name) in self._secrets else explain_unknown(name)

    def check(self, kind: str, params: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the faults of parameters that may contain expressions, each with its path."""
        job = get_job(kind)
        if (extra := job.find_missing_extra(params)) is not None:
            return [((), explain_missing(kind, extra))]
        if found := job.find_faults(params) or (
            job.find_refusals(params, self._rules) if self._rules is not None else []
        ):
            return found
        if self._recipients is not None and (found := _find_refused_recipients(job, params, self._recipients)):
            return found
        if kind == HttpJob.kind and self._secrets and (found := _find_host_faults(params, self._secrets)):
            return found
        return list(islice(find_value_faults(params, DOCUMENT_BOUNDS), _MAX_FAULTS))


def _find_host_faults(params: Mapping[str, Any], secrets: KnownSecrets) -> list[tuple[ValuePath, str]]:
    return list(islice(find_host_faults(str(params.get("url")), iter_texts(params), secrets), _MAX_FAULTS))


def _load_job(entry: EntryPoint) -> Job[Any]:
    try:
        found = entry.load()
        job = found() if isinstance(found, type) else found
    except Exception as error:
        raise StartupError(
            f"The job {entry.name!r} of {_describe_package(entry)} cannot be loaded: {error!r}"
        ) from error
    if not isinstance(job, Job) or job.kind != entry.name or not _KIND.fullmatch(entry.name):
        raise StartupError(
            f"The job {entry.name!r} of {_describe_package(entry)} cannot be used: it must be a subclass of "
            "tocsin.jobs.base.Job whose kind is the entry point's name, such as polygonArea."
        )
    return job


def _describe_package(entry: EntryPoint) -> str:
    return f"the package {entry.dist.name}" if entry.dist else "a package"
