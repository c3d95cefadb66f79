"""The cause of a failure: a host, or the task or workflow itself. Pure."""

from typing import Any

import pytest

from tests.notifications.incidents.samples import subject
from tocsin.documents import ErrorKind
from tocsin.notifications.incidents.causes import Cause, find_cause, is_host_failure

K = ErrorKind
OF_HOSTS = {K.DNS, K.CONNECT, K.TLS, K.TIMEOUT, K.PROTOCOL}


def alert(kind: ErrorKind | None, status: int | None = None, host: str | None = "a.example:443", **changes: Any) -> Any:
    """Return an alert whose last failure is of this kind."""
    failure = subject()["failure"]
    error = {**failure["error"], "kind": kind}
    named = {"owner": "u1", "subject_type": "Task", "subject": "u1/t", "host": host, **changes}
    return {**named, "failure": {**failure, "error": error, "status_code": status}}


@pytest.mark.parametrize("kind", sorted(set(ErrorKind) - {K.HTTP_STATUS}))
def test_failures_of_the_network_are_of_the_host_and_all_others_of_the_task(kind: ErrorKind) -> None:
    assert is_host_failure(kind, None) == (kind in OF_HOSTS)


@pytest.mark.parametrize(
    ("status", "is_of_host"),
    [(500, True), (503, True), (599, True), (429, True), (408, True), (404, False), (401, False), (302, False),
     (None, False)],
)  # fmt: skip
def test_servers_that_fail_or_are_busy_are_causes(status: int | None, is_of_host: bool) -> None:
    assert is_host_failure(K.HTTP_STATUS, status) is is_of_host


def test_the_cause_is_of_one_owner_one_host_and_one_kind() -> None:
    causes = [
        find_cause(alert(K.CONNECT)),
        find_cause(alert(K.CONNECT, subject="u1/other")),
        find_cause(alert(K.DNS)),
        find_cause(alert(K.CONNECT, host="b.example:443")),
        find_cause(alert(K.CONNECT, owner="u2")),
    ]
    assert causes[0] == causes[1]
    assert len({cause.key for cause in causes}) == 4
    assert all(cause.key.startswith("u1/host-") for cause in causes[:4])
    assert causes[4].key.startswith("u2/host-")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (alert(K.CONNECT, host=None), Cause("TASK", "u1/t", None, K.CONNECT)),  # type: ignore[arg-type]
        (alert(None), Cause("TASK", "u1/t", "a.example:443")),  # type: ignore[arg-type]
        (alert(K.HTTP_STATUS, 404), Cause("TASK", "u1/t", "a.example:443", K.HTTP_STATUS)),  # type: ignore[arg-type]
        (alert(K.JOB, subject_type="Workflow"), Cause("WORKFLOW", "u1/t", "a.example:443", K.JOB)),  # type: ignore[arg-type]
    ],
)
def test_without_a_failing_host_the_task_or_workflow_is_the_cause(given: Any, expected: Cause) -> None:
    assert find_cause(given) == expected
