"""Changes from a change stream: applied to any earlier or later state, they lead to the same final state."""

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.backups.deltas import apply_update
from tocsin.documents import Database

VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.sampled_from(["", "$x", "a.b"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc123"), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def test_dotted_names_are_split_as_the_server_says() -> None:
    document: dict[str, Any] = {"d": {"a.b": 1, "a": {"b": 1}, "3": 1}}
    paths = {"d.a.b": ["d", "a.b"], "d.3": ["d", "3"]}
    apply_update(document, {"updatedFields": {"d.a.b": 2, "d.3": 4}, "disambiguatedPaths": paths})
    assert document == {"d": {"a.b": 2, "a": {"b": 1}, "3": 4}}


def test_dotted_names_are_split_by_the_fields_of_the_document() -> None:
    document: dict[str, Any] = {"result": {"content.type": 1, "plain": {"x": 1}, "l": [{"a.b": 1}]}}
    apply_update(document, {"updatedFields": {"result.content.type": 2, "result.plain.x": 2, "result.l.0.a.b": 3}})
    assert document == {"result": {"content.type": 2, "plain": {"x": 2}, "l": [{"a.b": 3}]}}
    apply_update(document, {"updatedFields": {"result.new.name": 1}, "removedFields": ["result.content.type"]})
    assert document == {"result": {"plain": {"x": 2}, "l": [{"a.b": 3}], "new.name": 1}}


def test_a_path_into_a_field_that_a_later_change_removed() -> None:
    laters: list[dict[str, Any]] = [{}, {"d": {}}, {"d": {"x": 1}}, {"d": 3}]
    for document in laters:
        apply_update(document, {"updatedFields": {"d.a.b": 2, "d.a.c": 2}})
        apply_update(document, {"removedFields": ["d.a"], "updatedFields": {"d.x": 1}})
        assert document == {"d": {"x": 1}}


def test_arrays_grow_and_shrink() -> None:
    document: dict[str, Any] = {"l": [1, 2, 3, 4]}
    apply_update(document, {"truncatedArrays": [{"field": "l", "newSize": 2}], "updatedFields": {"l.1": 9}})
    assert document == {"l": [1, 9]}
    apply_update(document, {"updatedFields": {"l.3": 5}})
    assert document == {"l": [1, 9, None, 5]}


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(DOCUMENTS, min_size=2, max_size=5), seen=st.integers(0, 4))
async def test_the_changes_lead_from_any_copied_state_to_the_last_one(
    database: Database, states: list[dict[str, Any]], seen: int
) -> None:
    """The change events come from the database itself."""
    collection = database.db["things"]
    await collection.replace_one({"_id": 1}, states[0], upsert=True)
    stream = await database.db.watch([], max_await_time_ms=100, show_expanded_events=True)
    try:
        for state in states[1:]:
            whole = {"_id": 1, **state}
            await collection.update_one({"_id": 1}, [{"$replaceWith": {"$literal": whole}}])
        await collection.insert_one({"_id": 2})
        document = copy.deepcopy({"_id": 1, **states[min(seen, len(states) - 1)]})
        async for event in stream:
            if event["operationType"] == "insert":
                break
            if event["operationType"] == "update":
                apply_update(document, event["updateDescription"])
            else:
                document = event["fullDocument"]
        assert document == {"_id": 1, **states[-1]}
    finally:
        await stream.close()
        await collection.delete_many({"_id": 2})
