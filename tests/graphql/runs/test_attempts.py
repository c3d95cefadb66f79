# ruff: noqa: E501  # tables read best in rows
"""Attempts of a run as the API shows them."""

from datetime import timedelta

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
