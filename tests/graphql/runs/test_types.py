# ruff: noqa: E501  # tables read best in rows
"""Runs as the API shows them."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import T0, Api, run_document, stored_task
from tocsin.graphql import ids


async def test_a_run_shows_every_attempt(api: Api) -> None:
    await api.alice.create()
    request = {"method": "GET", "url": "https://example.com/hook", "headers": [["Authorization", "***"]]}
    attempt = {
        "number": 1, "started_at": T0, "finished_at": T0 + timedelta(milliseconds=1250), "worker": "w", "outcome": "FAILED",
        "request": request, "status_code": 503, "response_headers": [["Retry-After", "1"]], "response_truncated": True,
        "has_body": True, "redirects": 2, "timings": {"total": 1250.5, "first_byte": 9.25},
        "error": {"kind": "HTTP_STATUS", "message": "The server answered 503.", "hint": None},
    }  # fmt: skip
    running = {"number": 2, "started_at": T0 + timedelta(hours=1), "worker": "w"}
    run = run_document(
        (await stored_task(api))["_id"],
        T0,
        status="RUNNING",
        open=True,
        attempts=[attempt, running],
        error=attempt["error"],
    )
    await api.database.runs.insert_one(run)
    await api.database.response_bodies.insert_one({"_id": f"{run['_id']}#1", "text": "busy"})
    query = """query($id: ID!) { run(id: $id) { error { kind message hint } attempts { number startedAt finishedAt durationMs worker
      outcome statusCode responseBody responseTruncated redirects request { method url headers { name value } }
      responseHeaders { name value } timings { dns connect firstByte total } error { kind } } } }"""
    found = (await api.alice.ask(query, id=ids.encode_id("Run", run["_id"])))["run"]
    first, second = found["attempts"]
    assert found["error"] == {"kind": "HTTP_STATUS", "message": "The server answered 503.", "hint": None}
    assert first == {
        "number": 1, "startedAt": "2026-03-01T12:00:00Z", "finishedAt": "2026-03-01T12:00:01.250Z", "durationMs": 1250, "worker": "w",
        "outcome": "FAILED", "statusCode": 503, "responseBody": "busy", "responseTruncated": True, "redirects": 2,
        "request": {"method": "GET", "url": "https://example.com/hook", "headers": [{"name": "Authorization", "value": "***"}]},
        "responseHeaders": [{"name": "Retry-After", "value": "1"}],
        "timings": {"dns": None, "connect": None, "firstByte": 9.25, "total": 1250.5}, "error": {"kind": "HTTP_STATUS"},
    }  # fmt: skip
    assert (second["number"], second["outcome"], second["durationMs"], second["responseBody"]) == (2, None, None, None)


async def test_a_count_beyond_the_apis_whole_numbers_is_told_as_the_largest(api: Api) -> None:
    await api.alice.create()
    missed: dict[str, Any] = {
        "status": "MISSED",
        "reason": "MISFIRE",
        "missed_until": T0,
        "missed_count": 5_400_000_000,
    }
    await api.database.runs.insert_one(run_document((await stored_task(api))["_id"], T0, **missed))
    (found,) = (await api.alice.ask("{ runs { nodes { missedCount } } }"))["runs"]["nodes"]
    assert (found["missedCount"], type(found["missedCount"])) == (2_147_483_647, int)


async def test_what_was_missed_is_told_in_words(api: Api) -> None:
    await api.alice.create()
    until, task = T0 + timedelta(hours=3), (await stored_task(api))["_id"]
    missed: dict[str, Any] = {"status": "MISSED", "reason": "MISFIRE", "missed_until": until, "missed_count": 4}
    await api.database.runs.insert_one(run_document(task, T0, **missed))
    await api.database.runs.insert_one(run_document(task, until, **missed | {"missed_count": 1}))
    found = (await api.alice.ask("{ runs { nodes { missedCount missedUntil reasonText } } }"))["runs"]["nodes"]
    assert all(type(run["missedCount"]) is int for run in found)
    one, several = "It was due at 2026-03-01T15:00:00Z, while no server could run it.", (
        "4 due times from 2026-03-01T12:00:00Z to 2026-03-01T15:00:00Z passed while no server could run them."
    )  # fmt: skip
    assert found == [
        {"missedCount": 1, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": one},
        {"missedCount": 4, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": several},
    ]
