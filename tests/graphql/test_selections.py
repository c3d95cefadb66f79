"""Lists read only what their operation selects, and whatever is selected has the value of the whole document."""

from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type, is_composite_type

from tests.graphql.conftest import T0, Api, run_document, task_document
from tocsin.graphql.runs.lists import _PARTS as RUN_PARTS
from tocsin.graphql.schema import schema
from tocsin.graphql.tasks.lists import _PARTS as TASK_PARTS


def selectable(type_name: str) -> list[str]:
    """Return selections of each field of a type that needs no arguments."""
    type_ = schema._schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return [
        f"{name} {{ __typename }}" if is_composite_type(get_named_type(field.type)) else name
        for name, field in type_.fields.items()
    ]


@pytest.fixture
async def stored(api: Api) -> dict[str, str]:
    """Store a task and a run, and return their IDs by type."""
    assert api.alice.user is not None
    task = task_document(api.alice.user.id, T0)
    run = run_document(task["_id"], T0) | {"result": "[1]"}
    await api.database.tasks.insert_one(task | {"last_run": run["_id"]})
    await api.database.runs.insert_one(run)
    nodes = (await api.alice.ask("{ tasks { nodes { id lastRun { id } } } }"))["tasks"]["nodes"]
    return {"Task": nodes[0]["id"], "Run": nodes[0]["lastRun"]["id"]}


@pytest.mark.parametrize("type_name", ["Task", "Run"])
async def test_each_field_alone_has_the_value_that_it_has_in_the_whole_object(
    api: Api, stored: dict[str, str], type_name: str
) -> None:
    of_node = f"query($id: ID!) {{ node(id: $id) {{ ... on {type_name} {{ %s }} }} }}"
    place = f"{type_name.lower()}s"
    for selection in selectable(type_name):
        (found,) = (await api.alice.ask(f"{{ {place} {{ nodes {{ {selection} }} }} }}"))[place]["nodes"]
        assert found == (await api.alice.ask(of_node % selection, id=stored[type_name]))["node"], selection


@pytest.mark.parametrize(
    ("query", "parts"),
    [
        ("{ tasks { nodes { name } } }", set()),
        ("{ tasks { nodes { job { __typename } } } }", {"job"}),
        ("{ tasks { nodes { seconds: timeout } } }", {"job"}),
        ("{ tasks { nodes { ...F } } } fragment F on Task { retry { maxRetries } }", {"retry", "schedule"}),
        ("{ tasks { edges { node { ... on Task { misfire { __typename } } } } } }", {"misfire"}),
        ("{ tasks(orderBy: {field: NEXT_RUN_AT}) { nodes { name } } }", set()),
        ("{ runs { nodes { status } } }", set()),
        ("{ runs { nodes { attempts { number } result replays { round } } } }", {"attempts", "result"}),
        ("{ tasks { nodes { runs { nodes { attempts { number } } } } } }", {"attempts"}),
    ],
)
@pytest.mark.usefixtures("stored")
async def test_a_list_reads_the_large_parts_that_are_selected(
    api: Api, monkeypatch: pytest.MonkeyPatch, query: str, parts: set[str]
) -> None:
    read: list[set[str]] = []
    for name in ("tasks.lists.to_task", "runs.lists.to_run"):
        module, _, function = f"tocsin.graphql.{name}".rpartition(".")
        monkeypatch.setattr(f"{module}.{function}", _recording(read, module, function))
    await api.alice.ask(query)
    assert read[-1] & {*TASK_PARTS, *RUN_PARTS} == parts


def _recording(read: list[set[str]], module: str, function: str) -> Any:
    convert = getattr(__import__(module, fromlist=[function]), function)

    def recorded(document: Any) -> Any:
        read.append(set(document))
        return convert(document)

    return recorded
