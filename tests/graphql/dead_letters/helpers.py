"""Dead letters of alice, for tests of the API."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import T0, Api, run_document
from tocsin.graphql import ids

DEAD_LETTERS = (
    "query($f: DeadLetterFilter, $n: Int, $a: String) { deadLetters(filter: $f, first: $n, after: $a) "
    "{ totalCount pageInfo { hasNextPage endCursor } nodes { id deadLetter discardedAt } } }"
)


async def add_dead_letters(api: Api, count: int, **more: Any) -> list[str]:
    """Insert dead letters of alice, one second apart, and return their global IDs."""
    await api.alice.create("ping")
    task = (await api.database.tasks.find({}).to_list())[-1]
    job = {"kind": "http", "params": {"url": "https://a.test/x"}}
    error = {"kind": "HTTP_STATUS", "message": "It answered 500.", "hint": None}
    times = [T0 + timedelta(seconds=number) for number in range(count)]
    same = {"status": "FAILED", "job": job, "error": error, **more}
    runs = [run_document(task["_id"], at, finished_at=at, **same) for at in times]
    await api.database.runs.insert_many(runs)
    return [ids.encode_id("Run", run["_id"]) for run in runs]


async def list_dead_letters(api: Api, **variables: Any) -> Any:
    """Return a page of the field `deadLetters`."""
    return (await api.alice.ask(DEAD_LETTERS, **variables))["deadLetters"]
