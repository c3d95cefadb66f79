"""Idempotency keys of mutations: the digest of an input, and the result of an earlier call."""

from datetime import timedelta
from typing import Any

import strawberry
from hypothesis import given as examples
from hypothesis import strategies as st

from tests.graphql.conftest import HTTP_JOB, Api
from tocsin import clock
from tocsin.graphql.idempotency import _plain, take_idempotency_key
from tocsin.graphql.tasks.mutations import RunTaskInput


async def test_the_same_idempotency_key_answers_the_same(api: Api) -> None:
    at = clock.now() + timedelta(milliseconds=300)
    given = {"name": "once", "job": HTTP_JOB, "schedule": {"at": at.isoformat()}, "idempotencyKey": "k1"}
    fields = "task { id } userErrors { field code }"
    first = await api.alice.do("createTask", given, fields)
    while clock.now() <= at:
        await api.database.ping()
    assert await api.alice.do("createTask", given, fields) == first  # although the time has passed by now
    assert await api.database.tasks.count_documents({}) == 1
    other = await api.alice.do("createTask", given | {"name": "twice"}, fields)
    assert other["userErrors"] == [{"field": ["idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED"}]
    bobs = await api.bob.do("createTask", given | {"schedule": {"now": True}}, fields)
    assert bobs["userErrors"] == []
    ask = {"id": first["task"]["id"], "idempotencyKey": "k1"}
    runs = [(await api.alice.do("runTask", ask, "run { id } userErrors { code }"))["run"]["id"] for _ in range(2)]
    assert runs[0] == runs[1]
    await api.alice.do("deleteTask", {"id": first["task"]["id"]}, "userErrors { code }")
    gone = await api.alice.do("createTask", given, fields)
    assert gone["userErrors"] == [{"field": ["idempotencyKey"], "code": "CONFLICT"}]


@strawberry.input
class _Given:
    idempotency_key: str | None = strawberry.UNSET
    limit: int | None = strawberry.UNSET
    name: strawberry.Maybe[str | None] = None
    parts: list["_Given"] = strawberry.field(default_factory=list)


INPUTS: st.SearchStrategy[_Given] = st.recursive(
    st.builds(
        _Given,
        idempotency_key=st.just("k"),
        limit=st.just(strawberry.UNSET) | st.none() | st.integers(-3, 3),
        name=st.none() | st.builds(strawberry.Some, st.none() | st.text(max_size=3)),
    ),
    lambda parts: st.builds(_Given, idempotency_key=st.just("k"), parts=st.lists(parts, max_size=2)),
    max_leaves=4,
)


@examples(INPUTS, INPUTS)
def test_two_inputs_have_the_same_plain_form_only_if_they_are_equal(one: _Given, other: _Given) -> None:
    assert (_plain(one) == _plain(other)) is (one == other)


async def test_the_digest_covers_the_whole_input_and_not_the_key_of_another_installation(api: Api) -> None:
    def digest(given: Any) -> str:
        call = take_idempotency_key(api.services, "alice", "runTask", given)
        assert call is not None
        return call.fingerprint

    first = digest(RunTaskInput(id=strawberry.ID("a"), idempotency_key="k"))
    assert digest(RunTaskInput(id=strawberry.ID("a"), idempotency_key="k")) == first
    assert digest(RunTaskInput(id=strawberry.ID("b"), idempotency_key="k")) != first
    object.__setattr__(api.services, "fingerprint_key", b"g" * 32)
    assert digest(RunTaskInput(id=strawberry.ID("a"), idempotency_key="k")) != first


async def test_an_input_without_a_key_is_no_idempotent_call(api: Api) -> None:
    for key in (None, strawberry.UNSET):
        given = RunTaskInput(id=strawberry.ID("a"), idempotency_key=key)
        assert take_idempotency_key(api.services, "alice", "runTask", given) is None


async def test_the_key_of_one_mutation_is_free_for_another(api: Api) -> None:
    task = await api.alice.create("first", idempotencyKey="k")
    ran = await api.alice.do("runTask", {"id": task, "idempotencyKey": "k"}, "run { id } userErrors { code }")
    assert ran["userErrors"] == []


async def test_a_call_that_a_crash_interrupted_is_completed_by_the_next(api: Api) -> None:
    first = await api.alice.create("t", idempotencyKey="k")
    await api.database.tasks.delete_many({})
    await api.database.idempotency_keys.update_one({}, {"$set": {"done": False}})  # it crashed before the insert
    assert await api.alice.create("t", idempotencyKey="k") == first
    assert await api.database.tasks.count_documents({}) == 1
