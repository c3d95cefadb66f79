"""The field `node`: every type by its ID, null for what does not exist or was deleted."""

from tests.graphql.conftest import T0, Api, run_document, task_document
from tocsin.graphql import ids

NODE = "query($id: ID!) { node(id: $id) { id __typename } }"
SAVE = """mutation { saveWorkflow(input: {yaml: "name: w\\nsteps: [{key: s, wait: PT1M}]"}) {
  workflow { id } userErrors { message } } }"""
DELETE = 'mutation { deleteWorkflow(input: {name: "w"}) { userErrors { message } } }'


async def test_nodes_are_loaded_by_their_type(api: Api) -> None:
    assert api.alice.user is not None
    task = task_document(api.alice.user.id, T0)
    run = run_document(task["_id"], T0)
    await api.database.tasks.insert_one(task)
    await api.database.runs.insert_one(run)
    saved = (await api.alice.ask(SAVE))["saveWorkflow"]
    assert saved["userErrors"] == []
    found = {
        "Task": ids.encode_id("Task", task["_id"]),
        "Run": ids.encode_id("Run", run["_id"]),
        "User": ids.encode_id("User", api.alice.user.id),
        "Workflow": saved["workflow"]["id"],
    }
    for type_name, node_id in found.items():
        assert (await api.alice.ask(NODE, id=node_id))["node"] == {"id": node_id, "__typename": type_name}
        assert (await api.bob.ask(NODE, id=node_id))["node"] is None
    assert (await api.alice.ask(NODE, id=ids.encode_id("Nothing", f"{api.alice.user.id}/x")))["node"] is None


async def test_deleted_nodes_are_null(api: Api) -> None:
    assert api.alice.user is not None
    task = task_document(api.alice.user.id, T0, hold="DELETED")
    await api.database.tasks.insert_one(task)
    workflow = (await api.alice.ask(SAVE))["saveWorkflow"]["workflow"]["id"]
    assert (await api.alice.ask(DELETE))["deleteWorkflow"] == {"userErrors": []}
    for node_id in (ids.encode_id("Task", task["_id"]), workflow):
        assert (await api.alice.ask(NODE, id=node_id))["node"] is None
