"""Incidents in the API: listed, with what they are about, and acknowledged."""

import asyncio
from typing import Any

import pytest

from tests.graphql.conftest import Api
from tests.notifications.incidents.world import HOST, MINUTE, World
from tocsin import clock
from tocsin.documents import ErrorKind, to_global_id
from tocsin.graphql import ids

LIST = """query($status: IncidentStatus, $first: Int, $after: String) {
  incidents(status: $status, first: $first, after: $after) {
    totalCount nodes { id cause status host } pageInfo { endCursor hasNextPage }
  }
}"""
DETAILS = """query($id: ID!) { incident(id: $id) {
  id cause host errorKind status openedAt reopenedCount overAt acknowledgedAt lastFailureAt failures subjectCount
  subjects(first: 1) { totalCount nodes {
    name isFailing failures endedAt ending error { kind message hint } task { name } workflow { name } run { id }
    workflowRun { id }
  } pageInfo { endCursor hasNextPage } }
  notifications { kind subject }
} }"""
ACKNOWLEDGE = """mutation($id: ID!) { acknowledgeIncident(input: {id: $id}) {
  incident { id acknowledgedAt } userErrors { field code message }
} }"""


class AliceWorld(World):
    """A world whose tasks are alice's, at the present time."""

    def __init__(self, api: Api) -> None:
        super().__init__(api.database)
        assert api.alice.user is not None
        self.owner, self.clock.time = api.alice.user.id, clock.now()

    async def fail(self, *names: str, kind: ErrorKind = ErrorKind.CONNECT) -> None:
        await self.end_runs(*(self.run(name, "FAILED", kind, owner=self.owner) for name in names))
        await self.keeper.keep_due()

    async def recover(self, *names: str) -> None:
        await self.end_runs(*(self.run(name, "COMPLETED", owner=self.owner) for name in names))
        await self.keeper.keep_due()


@pytest.fixture
async def world(api: Api) -> AliceWorld:
    """The tasks a, b, c, which were saved through the API."""
    made = AliceWorld(api)
    for name in "abc":
        await api.alice.create(name)
        found: Any = await api.database.tasks.find_one({"name": name})
        await api.database.tasks.delete_one({"_id": found["_id"]})
        await api.database.db["tasks"].insert_one({**found, "_id": f"{made.owner}/{name}"})
    return made


async def test_an_incident_tells_its_cause_its_tasks_and_what_was_told(api: Api, world: AliceWorld) -> None:
    await world.fail("a", "b")
    (row,) = (await api.alice.ask(LIST))["incidents"]["nodes"]
    assert row == {"id": row["id"], "cause": "HOST", "status": "OPEN", "host": HOST}
    found = (await api.alice.ask(DETAILS, id=row["id"]))["incident"]
    assert (found["errorKind"], found["failures"], found["subjectCount"], found["reopenedCount"]) == (
        "CONNECT",
        2,
        2,
        0,
    )
    assert (found["overAt"], found["acknowledgedAt"]) == (None, None)
    (first,) = found["subjects"]["nodes"]
    assert first == {
        "name": "a", "isFailing": True, "failures": 1, "endedAt": None, "ending": None, "task": {"name": "a"},
        "workflow": None, "run": None, "workflowRun": None,
        "error": {"kind": "CONNECT", "message": f"{HOST} refused the connection.", "hint": "Look at it."},
    }  # fmt: skip
    assert (found["subjects"]["totalCount"], found["subjects"]["pageInfo"]["hasNextPage"]) == (2, True)
    assert found["notifications"] == [{"kind": "FAILED_FOR_GOOD", "subject": f"2 tasks that call {HOST} have failed"}]
    world.clock.time += MINUTE
    await world.recover("a", "b")
    found = (await api.alice.ask(DETAILS, id=row["id"]))["incident"]
    assert (found["status"], found["subjects"]["nodes"][0]["ending"]) == ("OVER", "RECOVERED")
    assert found["overAt"] is not None
    assert [each["kind"] for each in found["notifications"]] == ["FAILED_FOR_GOOD", "RECOVERED"]
    told = (await api.alice.ask("{ notifications { nodes { incident { id } task { id } run { id } } } }"))[
        "notifications"
    ]
    assert told["nodes"] == [{"incident": {"id": row["id"]}, "task": None, "run": None}] * 2
    node = "query($id: ID!) { node(id: $id) { ... on Incident { cause } } }"
    assert (await api.alice.ask(node, id=row["id"]))["node"] == {"cause": "HOST"}


async def test_the_list_has_pages_and_a_filter(api: Api, world: AliceWorld) -> None:
    for name in "abc":
        await world.fail(name, kind=ErrorKind.JOB)
        world.clock.time += MINUTE
    await world.recover("b")
    all_ids, after = [], None
    for _ in range(3):
        page = (await api.alice.ask(LIST, first=1, after=after))["incidents"]
        all_ids += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert [ids.decode_id(each)[1] for each in all_ids] == [f"{world.owner}/{name}:0" for name in "cba"]
    over = (await api.alice.ask(LIST, status="OVER"))["incidents"]
    assert [node["id"] for node in over["nodes"]] == [all_ids[1]]
    assert (await api.alice.ask(LIST, status="OPEN"))["incidents"]["totalCount"] == 2
    bad = await api.alice.post(LIST, {"after": "nonsense"})
    assert "not a cursor of this list" in bad["errors"][0]["message"]


async def test_a_task_has_its_open_incident(api: Api, world: AliceWorld) -> None:
    query = "{ tasks { nodes { name incident { id } } } }"
    await world.fail("a", "b")
    await world.fail("c", kind=ErrorKind.JOB)

    async def asked() -> dict[str, str | None]:
        nodes = (await api.alice.ask(query))["tasks"]["nodes"]
        return {node["name"]: node["incident"] and ids.decode_id(node["incident"]["id"])[1] for node in nodes}

    found = await asked()
    assert found["a"] == found["b"] != found["c"] == f"{world.owner}/c:0"
    world.clock.time += MINUTE
    await world.recover("a", "b")
    assert await asked() == {"a": None, "b": None, "c": f"{world.owner}/c:0"}


async def test_acknowledging_counts_once_and_races_with_the_end(api: Api, world: AliceWorld) -> None:
    await world.fail("a", kind=ErrorKind.JOB)
    ((row,),) = [(await api.alice.ask(LIST))["incidents"]["nodes"]]
    world.clock.time += MINUTE
    answers = await asyncio.gather(
        *(api.alice.ask(ACKNOWLEDGE, id=row["id"]) for _ in range(4)), world.recover("a"), return_exceptions=True
    )
    times = {answer["acknowledgeIncident"]["incident"]["acknowledgedAt"] for answer in answers[:4]}  # type: ignore[index]
    assert (len(times), answers[4]) == (1, None)
    await world.keeper.keep_due()
    found = (await api.alice.ask(DETAILS, id=row["id"]))["incident"]
    assert (found["status"], {found["acknowledgedAt"]}) == ("OVER", times)
    assert [each["kind"] for each in found["notifications"]] == ["FAILED_FOR_GOOD", "RECOVERED"]


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        (to_global_id("Incident", "nobody/t:0"), "You have no incident with this id."),
        (to_global_id("Task", "nobody/t"), "You have no incident with this id."),
        ("nonsense", "This is not a valid id. Use an id exactly as this API returned it."),
    ],
)
async def test_an_id_of_no_incident_is_refused(api: Api, id_: str, message: str) -> None:
    payload = (await api.alice.ask(ACKNOWLEDGE, id=id_))["acknowledgeIncident"]
    assert payload["incident"] is None
    assert [(error["field"], error["message"]) for error in payload["userErrors"]] == [(["id"], message)]
