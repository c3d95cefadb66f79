"""Log lines about refused callers."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from tests.graphql.conftest import Api
from tocsin.graphql.limits import refusal_log
from tocsin.graphql.limits.refusal_log import RefusalLog

Line = MutableMapping[str, Any]
FORBIDDEN = "{ users { totalCount } }"
TOO_COMPLEX = "{" + " ".join(f"a{number}: __typename" for number in range(60)) + "}"


def refusals(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["event"] == "refused"]


async def test_who_may_not_is_told_with_code_and_caller_and_without_the_token(api: Api) -> None:
    headers = {"Authorization": "Bearer a-wrong-token", "X-Request-Id": "wrong-1"}
    assert api.alice.user is not None
    with structlog.testing.capture_logs() as lines:
        await api.alice.post(FORBIDDEN)
        await api.alice.post(TOO_COMPLEX)
        await api.nobody.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
    forbidden, too_complex, wrong = refusals(lines)
    assert (forbidden["code"], forbidden["caller"]) == ("FORBIDDEN", api.alice.user.id)
    assert (too_complex["code"], too_complex["caller"]) == ("TOO_COMPLEX", api.alice.user.id)
    assert (wrong["code"], wrong["address"], wrong["request_id"]) == ("TOKEN_INVALID", "127.0.0.1", "wrong-1")
    assert "a-wrong-token" not in str(lines)


async def test_a_missing_token_and_a_success_are_not_logged(api: Api) -> None:
    with structlog.testing.capture_logs() as lines:
        await api.alice.post("{ viewer { id } }")
        await api.nobody.post("{ viewer { id } }")
    assert refusals(lines) == []


def test_each_caller_gets_one_line_a_minute_for_each_code() -> None:
    now = [0.0]
    refused_callers = RefusalLog(lambda: now[0])

    def note(code: str, caller: str) -> None:
        refused_callers.record(code, "No.", caller=caller, address="", request_id="")

    with structlog.testing.capture_logs() as lines:
        for second in (0.0, 1.0, 59.0, 60.0):
            now[0] = second
            note("FORBIDDEN", "alice")
            note("RATE_LIMITED", "alice")
            note("FORBIDDEN", "bob")
    assert len(refusals(lines)) == 6


def test_the_number_of_remembered_refusals_is_bounded() -> None:
    refused_callers = RefusalLog()
    with structlog.testing.capture_logs():
        for number in range(refusal_log.MAX_ENTRIES + 10):
            refused_callers.record("FORBIDDEN", "No.", caller=str(number), address="", request_id="")
    assert len(refused_callers._logged) == refusal_log.MAX_ENTRIES
