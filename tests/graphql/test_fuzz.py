"""Random operations of two users: no 5xx, only JSON, a code for every error, and no data of the other user."""

import asyncio
import json
import os
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.graphql.conftest import T0, Api, Caller, run_document
from tests.graphql.fuzzing import documents
from tocsin.config import Settings
from tocsin.graphql import ids

# The database driver draws its request ids from `random`, in the thread of the API, while the search draws examples.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
CANARY = "canary-of-alice"
CODES = {
    "UNAUTHENTICATED", "TOKEN_INVALID", "TOKEN_EXPIRED",
    "FORBIDDEN", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
    "TOO_COMPLEX", "RATE_LIMITED", "TIMEOUT",
}  # fmt: skip
EXAMPLES = int(os.environ.get("TOCSIN_TEST_FUZZ_EXAMPLES", "60"))
"""Number of examples. `TOCSIN_TEST_FUZZ_EXAMPLES=5000 scripts/test tests/graphql/test_fuzz.py` takes some minutes."""
AS_MANY = hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Raise the rate limits, which would end the search."""
    changes = {"cost_limit": 1_000_000_000, "attempts_per_address": 1_000_000, "attempts_per_account": 1_000_000}
    return settings.model_copy(update=changes)


async def _things(api: Api) -> list[str]:
    """Create objects of Alice with a canary in every text; return their IDs and unknown ones."""
    task = await api.alice.create(CANARY, tags=[CANARY])
    stored = await api.database.tasks.find_one({})
    assert stored is not None
    assert api.alice.user is not None
    attempt = {"number": 1, "started_at": T0, "finished_at": T0, "worker": CANARY, "outcome": "FAILED"}
    run = run_document(stored["_id"], T0, status="FAILED", task_name=CANARY, attempts=[attempt])
    await api.database.runs.insert_one(run)
    await api.database.response_bodies.insert_one({"_id": f"{run['_id']}#1", "text": CANARY})
    alice = ids.encode_id("User", api.alice.user.id)
    return [task, ids.encode_id("Run", run["_id"]), alice, ids.encode_id("Task", "none"), "x", ""]


def _check(answer: httpx.Response, sent: Any) -> dict[str, Any]:
    assert answer.status_code < 500, (answer.text, sent)
    assert answer.headers["content-type"].split(";")[0] in {"application/json", "application/graphql-response+json"}
    found: dict[str, Any] = answer.json()
    for error in found.get("errors", ()):
        assert error["extensions"]["code"] in CODES, (error, sent)
    return found


async def _post(caller: Caller, body: Any, accept: str = "application/json") -> httpx.Response:
    headers = {"Authorization": f"Bearer {caller.token}", "Accept": accept, "Content-Type": "application/json"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await caller.http.post("/graphql", content=content, headers=headers)


async def test_whatever_is_asked_is_answered(api: Api) -> None:
    known = await _things(api)
    accepts = st.sampled_from(["application/json", "application/graphql-response+json"])
    loop = asyncio.get_running_loop()

    async def ask(document: str, accept: str) -> None:
        for caller in (api.alice, api.bob):
            answer = await _post(caller, {"query": document}, accept)
            _check(answer, document)
            assert caller is api.alice or CANARY not in answer.text.replace(document, ""), document

    @AS_MANY
    @given(document=documents(known), accept=accepts)
    def search(document: str, accept: str) -> None:
        asyncio.run_coroutine_threadsafe(ask(document, accept), loop).result(30)

    await asyncio.to_thread(search)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"query": st.just("query($i: CreateTaskInput!, $f: TaskFilter) { tasks(filter: $f) { totalCount } }")},
        optional={"variables": JSON, "operationName": JSON, "extensions": JSON},
    ).map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"query": st.just("mutation($i: CreateTaskInput!) { createTask(input: $i) { userErrors { code } } }")},
        optional={"variables": st.fixed_dictionaries({"i": JSON})},
    ).map(lambda value: json.dumps(value).encode()),
)


async def test_whatever_is_sent_is_answered(api: Api) -> None:
    loop = asyncio.get_running_loop()

    async def send(body: bytes) -> None:
        _check(await _post(api.bob, body), body)

    @AS_MANY
    @given(body=BODIES)
    def search(body: bytes) -> None:
        asyncio.run_coroutine_threadsafe(send(body), loop).result(30)

    await asyncio.to_thread(search)
