"""The kinds of jobs: built-in ones, those of other packages, and names that nobody knows."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tests.harness import SECRETS
from tocsin.errors import InvalidInput, MultipleInvalid, StartupError
from tocsin.jobs import registry
from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel, SaveContext
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules

SAVING = SaveContext("alice", SECRETS)
PINGS = {"url": "http://127.0.0.1/"}


class PingJob(Job[ParamsModel]):
    kind = "ping"
    Params = ParamsModel

    async def perform(self, params: ParamsModel, context: JobContext) -> Outcome:
        return Outcome()


PING = PingJob()
NO_JOB = object()


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    registry.load_jobs.cache_clear()
    yield
    registry.load_jobs.cache_clear()


def install(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Act as if a package had this entry point."""
    entry = EntryPoint(name, f"{__name__}:{value}", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry] if group == "tocsin.jobs" else [])


def test_the_built_in_jobs_are_known() -> None:
    assert {"http", "email", "report", "polygonArea", "countryLookup"} <= set(registry.RegisteredJobs().kinds())
    assert all(kind == job.kind for kind, job in registry.load_jobs().items())


@pytest.mark.parametrize("value", ["PingJob", "PING"])
def test_a_job_of_another_package_is_a_class_or_an_object(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    install(monkeypatch, "ping", value)
    assert isinstance(registry.get_job("ping"), PingJob)
    assert registry.prepare_params("ping", {}, SAVING) == {}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("http", "PING", "The job 'http' of a package has the name of another job."),
        ("ping", "NO_JOB", "it must be a subclass of tocsin.jobs.base.Job"),
        ("pong", "PING", "whose kind is the entry point's name"),
        ("ping", "MISSING", "cannot be loaded: AttributeError"),
    ],
)
def test_a_job_that_cannot_be_used_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    install(monkeypatch, name, value)
    with pytest.raises(StartupError) as caught:
        registry.load_jobs()
    assert message in str(caught.value)


def test_a_kind_that_a_user_mistyped_is_corrected_and_any_other_gets_the_list() -> None:
    with pytest.raises(InvalidInput, match=r"There is no job 'htpp' on this server\. Did you mean http\?") as caught:
        registry.parse_kind("htpp")
    assert caught.value.path == ("type",)
    with pytest.raises(InvalidInput, match="There are: countryLookup, email, http, polygonArea, report"):
        registry.parse_kind("fax")
    assert registry.parse_kind("http") is registry.get_job("http")


def test_a_stored_kind_that_is_not_installed_is_named() -> None:
    with pytest.raises(registry.UnknownJob, match="'fax'"):
        registry.get_job("fax")


def test_what_the_rules_refuse_is_a_fault_of_a_workflow_only_if_there_are_rules() -> None:
    mail = {"to": ["alice@example.com", "eve@example.net"], "subject": "S", "body": ""}
    free = registry.RegisteredJobs()
    bound = registry.RegisteredJobs(ConnectionRules(), RecipientRules("owner", "alice@example.com"))
    assert free.check("http", PINGS) == free.check("email", mail) == []
    ((path, message),) = bound.check("http", PINGS)
    assert (path, "127.0.0.1 may not be called" in message) == (("url",), True)
    ((path, message),) = bound.check("email", mail)
    assert (path, message.partition(". ")[0]) == (("to", 1), "Your jobs may not send mail to eve@example.net")


def test_parameters_of_the_wrong_type_are_reported_before_anything_else() -> None:
    bound = registry.RegisteredJobs(ConnectionRules())
    assert [path for path, _ in bound.check("http", {**PINGS, "method": 5})] == [("method",)]


def test_at_most_a_hundred_values_that_cannot_be_stored_are_listed() -> None:
    data: Any = ["\ud800"] * 1000
    given = {"title": "t", "format": "JSON", "data": data}
    with pytest.raises(MultipleInvalid) as caught:
        registry.prepare_params("report", given, SAVING)
    assert len(caught.value.all_errors) == 100
    assert caught.value.all_errors[0].path == ("data", "0")
    assert len(registry.RegisteredJobs().check("report", given)) == 100
