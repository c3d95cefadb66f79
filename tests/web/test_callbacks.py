"""The route of callbacks: for anyone who has the URL, while the callback is expected."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, run_document, served_api, stored_task
from tests.web.conftest import Connect
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.jobs.http.callbacks import CALLBACK_PATH
from tocsin.security.callback_tokens import CallbackTokens
from tocsin.web.callbacks import BODY_LIMIT

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


async def add_waiting_run(api: Api, **changes: Any) -> str:
    """Insert a run that expects a callback, and return the path of its URL."""
    await api.alice.create()
    now = clock.now()
    attempt = {"number": 1, "started_at": now, "worker": "w", "accepted_at": now, "status_code": 202}
    job = {"kind": "http", "params": {"url": "https://example.com/"}}
    fields = {
        "status": "WAITING",
        "open": True,
        "attempts": [attempt],
        "callback_by": now + timedelta(hours=1),
        "job": job,
    }
    run = run_document((await stored_task(api))["_id"], T0, **{**fields, **changes})
    await api.database.runs.insert_one(run)
    return CALLBACK_PATH + api.services.callbacks.tokens.sign(run["_id"], 1)


async def stored_run(api: Api) -> Any:
    return await api.database.runs.find_one({}) or {}


def code(answer: Any) -> str:
    return str(answer.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    ("method", "query", "headers", "body", "status", "message"),
    [
        ("GET", "", {}, b"", "COMPLETED", None),
        ("GET", "?status=failed&message=no%20disk&other=1", {}, b"", "FAILED", "no disk"),
        ("POST", "", {}, b"", "COMPLETED", None),
        ("POST", "", {"Content-Type": "text/plain"}, b"", "COMPLETED", None),
        ("POST", "?status=Failed", JSON, b'{"message": " why "}', "FAILED", "why"),
        ("POST", "", JSON, b'{"status": null, "message": "", "more": [1]}', "COMPLETED", None),
        ("POST", "", FORM, b"status=completed&message=gr%C3%BCn", "COMPLETED", "grün"),
        ("POST", "", FORM, b"message=" + b"%F0%9F%98%80" * 1_000, "COMPLETED", "😀" * 1_000),
    ],
)
async def test_a_callback_may_be_written_in_several_ways(
    api: Api, method: str, query: str, headers: Any, body: bytes, status: str, message: str | None
) -> None:
    path = await add_waiting_run(api)
    answer = await api.nobody.http.request(method, path + query, headers=headers, content=body)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["message"]) == (status.lower(), message)
    assert answer.headers["cache-control"] == "no-store"
    run = await stored_run(api)
    assert run["status"] == status
    callback = run["attempts"][0]["callback"]
    assert (callback["status"], callback["message"]) == (status, message)
    assert answer.json()["receivedAt"][:19] == callback["received_at"].isoformat()[:19]


async def test_a_message_is_masked_whole_if_the_secrets_of_the_call_are_unknown(api: Api) -> None:
    """Such as those of a job that an earlier version stored, and this one cannot read."""
    path = await add_waiting_run(api, job={"kind": "http", "params": {}})
    assert (await api.nobody.http.post(f"{path}?message=done")).status_code == 200
    assert (await stored_run(api))["attempts"][0]["callback"]["message"] == "***"


@pytest.mark.parametrize(
    ("query", "headers", "body", "status", "text"),
    [
        ("?status=done", {}, b"", 400, "status must be completed or failed, or be left out; it is 'done'."),
        ("?message=" + "a" * 1_001, {}, b"", 400, "message has 1,001 characters; at most 1,000 are allowed."),
        ("?message=a&message=b", {}, b"", 400, "message is given 2 times. Give it once."),
        ("?status=failed", JSON, b'{"status": "completed"}', 400, "status is given 2 times. Give it once."),
        ("", JSON, b'{"status": 1}', 400, "status must be a string."),
        ("", JSON, b'{"message": "\\ud800"}', 400, "The body is not valid JSON: The string has a lone surrogate"),
        ("", JSON, b'{"message": ', 400, "The body is not valid JSON"),
        ("", JSON, b'["completed"]', 400, 'The body must be a JSON object, such as {"status": "completed"}.'),
        ("", JSON, b"\xff", 400, "The body is not valid JSON"),
        ("", FORM, b"message=%FF", 400, "The body is not a form in UTF-8 with at most 100 fields."),
        ("", FORM, b"a=1&" * 200, 400, "The body is not a form in UTF-8 with at most 100 fields."),
        ("", {"Content-Type": "text/plain"}, b"completed", 415, "Send the body as application/json or"),
        ("", JSON, b" " * (BODY_LIMIT + 1), 413, f"The request's body is longer than {BODY_LIMIT} bytes."),
    ],
)
async def test_a_callback_that_makes_no_sense_is_refused_and_changes_nothing(
    api: Api, query: str, headers: Any, body: bytes, status: int, text: str
) -> None:
    path = await add_waiting_run(api)
    answer = await api.nobody.http.post(path + query, headers=headers, content=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["message"].startswith(text)
    assert (await stored_run(api))["status"] == "WAITING"


async def test_a_program_that_only_looks_at_the_link_does_not_settle_the_run(api: Api) -> None:
    path = await add_waiting_run(api)
    for method in ("HEAD", "OPTIONS", "PUT", "DELETE"):
        answer = await api.nobody.http.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert (await stored_run(api))["status"] == "WAITING"


async def test_a_url_that_was_changed_or_is_of_another_server_is_none(api: Api) -> None:
    path = await add_waiting_run(api)
    run = await stored_run(api)
    foreign = CALLBACK_PATH + CallbackTokens((b"x" * 32,)).sign(run["_id"], 1)
    changed = path[:-1] + ("0" if path[-1] != "0" else "1")
    for wrong in (path[:-1], changed, foreign, f"{CALLBACK_PATH}a.1.b", path + "/x"):
        answer = await api.nobody.http.post(wrong)
        assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")
    assert (await stored_run(api))["status"] == "WAITING"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "QUEUED", "attempts": [{"number": 1, "started_at": T0, "worker": "w", "outcome": "LOST"}]},
        {"status": "FAILED", "open": False},
        {"status": "CANCELLED", "open": False},
        {"status": "WAITING", "attempts": [{"number": n, "started_at": T0, "worker": "w"} for n in (1, 2)]},
        {"attempts": []},
    ],
)
async def test_a_callback_that_is_not_expected_is_gone(api: Api, changes: Any) -> None:
    path = await add_waiting_run(api, **changes)
    before = await stored_run(api)
    answer = await api.nobody.http.post(path)
    assert (answer.status_code, code(answer)) == (410, "GONE")
    assert await stored_run(api) == before


async def test_the_callback_of_a_deleted_run_is_gone(api: Api) -> None:
    path = await add_waiting_run(api)
    await api.database.runs.delete_many({})
    assert (await api.nobody.http.get(path)).status_code == 410


async def test_callbacks_are_limited_by_address_and_wrong_ones_cost_more(
    database: Database, settings: Settings
) -> None:
    async with served_api(database, settings.model_copy(update={"cost_limit": 1_000})) as api:  # 17 points a second
        path = await add_waiting_run(api)
        assert (await api.nobody.http.post(path[:-1])).status_code == 404
        await api.services.rates.spend_points("127.0.0.1", 400)
        refused = await api.nobody.http.post(path[:-1])
        assert (refused.status_code, code(refused)) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await api.nobody.http.post(path)).status_code == 200


async def test_a_connection_that_ends_within_the_body_changes_nothing(api: Api, connect: Connect) -> None:
    path = await add_waiting_run(api)
    async with connect() as raw:
        lines = (f"POST {path} HTTP/1.1", "Host: a", "Content-Type: application/json", "Content-Length: 50", "", "{")
        await raw.send("\r\n".join(lines))
    assert (await api.nobody.http.post(path, content=b"{}", headers=JSON)).status_code == 200
    assert (await stored_run(api))["attempts"][0]["callback"]["message"] is None


async def test_an_owner_sees_what_their_run_waits_for_and_how_it_was_called_back(api: Api) -> None:
    path = await add_waiting_run(api, result='"early"')
    query = """{ runs { nodes { status callbackExpectedBy result
      attempts { outcome acceptedAt durationMs callback { status message receivedAt } } } } }"""
    (waiting,) = (await api.alice.ask(query))["runs"]["nodes"]
    assert waiting["status"] == "WAITING"
    assert waiting["callbackExpectedBy"] is not None
    assert waiting["result"] is None
    assert waiting["attempts"][0]["acceptedAt"] is not None
    assert [waiting["attempts"][0][name] for name in ("outcome", "durationMs", "callback")] == [None, None, None]
    await api.nobody.http.post(path, content=b'{"message": "done"}', headers=JSON)
    (done,) = (await api.alice.ask(query))["runs"]["nodes"]
    assert (done["status"], done["callbackExpectedBy"], done["result"]) == ("COMPLETED", None, "early")
    callback = done["attempts"][0]["callback"]
    assert (callback["status"], callback["message"]) == ("COMPLETED", "done")
    assert (await api.bob.ask(query))["runs"]["nodes"] == []
