"""Authentication and authorization of resolvers."""

from typing import Any

import pytest

from tests.graphql.conftest import Api
from tocsin.errors import StorageLow
from tocsin.graphql import access
from tocsin.graphql.schema import schema


async def test_an_invalid_token_is_named(api: Api) -> None:
    for token in ("nonsense", "a.b.c", "é"):
        headers = {b"Authorization": f"Bearer {token}".encode()}
        answer = await api.nobody.http.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)
        assert answer.json()["errors"][0]["extensions"]["code"] == "TOKEN_INVALID", token


async def test_the_token_of_a_deactivated_user_is_invalid(api: Api) -> None:
    await api.database.db["users"].update_one(
        {"_id": api.alice.user and api.alice.user.id}, {"$set": {"is_active": False}}
    )
    answer = await api.alice.post("{ viewer { id } }")
    assert answer["errors"][0]["extensions"]["code"] == "TOKEN_INVALID"


def test_the_mutations_that_a_full_disk_allows_exist() -> None:
    mutation = schema._schema.mutation_type
    assert mutation is not None
    assert mutation.fields.keys() >= access.ALLOWED_ON_LOW_DISK


async def test_a_full_disk_refuses_what_stores_something_and_no_query(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = await api.alice.create()

    def refuse() -> None:
        raise StorageLow("The disk is nearly full.")

    monkeypatch.setattr(api.services.disk, "require_free_space", refuse)
    query = "mutation($id: ID!) { %s(input: {id: $id}) { userErrors { code } } }"
    assert await _codes(api, query % "runTask", id=task) == ["STORAGE_LOW"]
    assert await _codes(api, query % "pauseTask", id=task) == []
    assert await _codes(api, "{ viewer { id usage { used } } }") == []


async def test_what_a_mutation_returns_needs_no_room(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    task = await api.alice.create()

    def refuse() -> None:
        raise StorageLow("The disk is nearly full.")

    monkeypatch.setattr(api.services.disk, "require_free_space", refuse)
    query = "mutation($id: ID!) { pauseTask(input: {id: $id}) { task { runs { totalCount } } userErrors { code } } }"
    assert await _codes(api, query, id=task) == []


async def _codes(api: Api, query: str, **variables: Any) -> list[str]:
    answer = await api.alice.post(query, variables)
    return [error["extensions"]["code"] for error in answer.get("errors", [])]
