"""Mutations of workflows, workflow runs and approvals, without an engine."""

from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller

SAVE = """mutation($i: SaveWorkflowInput!) { saveWorkflow(input: $i) {
  workflow { name version } userErrors { field code message } } }"""
EXECUTE = """mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) {
  workflowRun { id status trigger } userErrors { field code } } }"""
CANCEL = """mutation($id: ID!) { cancelWorkflowRun(input: {id: $id}) {
  workflowRun { id cancelRequestedAt } userErrors { field code } } }"""
RESUME = "mutation($id: ID!) { resumeWorkflowRun(input: {id: $id}) { workflowRun { id } userErrors { field code } } }"
DECIDE = "mutation($i: DecideApprovalInput!) { decideApproval(input: $i) { approved userErrors { field code } } }"
DELETE = """mutation($name: String!) { deleteWorkflow(input: {name: $name}) {
  deletedWorkflowId userErrors { field code } } }"""
PAUSE = """mutation($name: String!) { pauseWorkflow(input: {name: $name}) {
  workflow { isPaused pausedAt nextRunAt } userErrors { field code message } } }"""
UNPAUSE = PAUSE.replace("pauseWorkflow", "resumeWorkflow")
DEFINITION: dict[str, Any] = {"name": "report", "steps": [{"key": "a", "wait": "PT1H"}]}
YAML = "name: report\nsteps:\n- {key: a, wait: PT1H}\n"


async def save(caller: Caller, **given: Any) -> Any:
    return (await caller.ask(SAVE, i=given))["saveWorkflow"]


async def execute(caller: Caller, **given: Any) -> Any:
    return (await caller.ask(EXECUTE, i={"name": "report", **given}))["executeWorkflow"]


async def test_both_forms_of_a_definition_save_the_same_workflow(api: Api) -> None:
    forms: list[dict[str, Any]] = [{"yaml": YAML}, {"definition": {**DEFINITION, "description": "x"}}]
    for version, given in enumerate(forms, 1):
        saved = await save(api.alice, **given)
        assert saved == {"workflow": {"name": "report", "version": version}, "userErrors": []}


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"yaml": "name: report\nsteps: [{key: A, wait: x}]"}, ["yaml"]),
        ({"definition": {"name": "report", "steps": [{"key": "A", "wait": "x"}]}}, ["definition"]),
    ],
)
async def test_all_faults_of_a_definition_are_shown_below_its_form(api: Api, given: Any, paths: list[str]) -> None:
    saved = await save(api.alice, **given)
    assert saved["workflow"] is None
    fields = [error["field"] for error in saved["userErrors"]]
    assert len(fields) > 1
    assert {field[0] for field in fields} == set(paths)
    assert ["steps", "0", "key"] in [field[1:] for field in fields]
    assert {error["code"] for error in saved["userErrors"]} == {"INVALID"}


async def test_the_schedule_of_a_saved_workflow_wakes_the_scheduler(api: Api) -> None:
    await save(api.alice, definition={**DEFINITION, "schedule": {"at": "2999-01-01T00:00:00Z"}})
    (due,) = api.woken.due
    assert due is not None
    assert due.year == 2999


async def test_a_run_is_started_once_for_a_key(api: Api) -> None:
    await save(api.alice, yaml=YAML)
    first = await execute(api.alice, idempotencyKey="k")
    assert (first["workflowRun"]["status"], first["workflowRun"]["trigger"]) == ("PENDING", "MANUAL")
    assert await execute(api.alice, idempotencyKey="k") == first
    (stored,) = await api.database.workflow_runs.find({}).to_list()
    assert api.woken.workflow_runs == [stored["_id"]] * 2
    other = await execute(api.alice, idempotencyKey="k", input={"x": 1})
    assert other["userErrors"] == [{"field": ["idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED"}]


async def test_a_run_is_cancelled_and_then_cannot_be_resumed_before_it_ends(api: Api) -> None:
    await save(api.alice, yaml=YAML)
    run_id = (await execute(api.alice))["workflowRun"]["id"]
    cancelled = (await api.alice.ask(CANCEL, id=run_id))["cancelWorkflowRun"]
    assert cancelled["userErrors"] == []
    assert cancelled["workflowRun"]["cancelRequestedAt"] is not None
    resumed = (await api.alice.ask(RESUME, id=run_id))["resumeWorkflowRun"]
    assert resumed == {"workflowRun": None, "userErrors": [{"field": ["id"], "code": "CONFLICT"}]}


async def test_a_decision_on_a_step_that_asks_nobody_is_refused(api: Api) -> None:
    await save(api.alice, yaml=YAML)
    run_id = (await execute(api.alice))["workflowRun"]["id"]
    for given, error in (
        ({"id": run_id, "step": "a"}, {"field": ["step"], "code": "CONFLICT"}),
        ({"id": run_id, "step": "a", "comment": "x" * 2_001}, {"field": ["comment"], "code": "INVALID"}),
        ({"id": "x", "step": "a"}, {"field": ["id"], "code": "INVALID"}),
    ):
        answer = (await api.alice.ask(DECIDE, i={"approved": True, **given}))["decideApproval"]
        assert answer == {"approved": None, "userErrors": [error]}


async def test_a_deleted_workflow_starts_no_run(api: Api) -> None:
    await save(api.alice, yaml=YAML)
    deleted = (await api.alice.ask(DELETE, name="report"))["deleteWorkflow"]
    assert deleted["userErrors"] == []
    assert deleted["deletedWorkflowId"] is not None
    assert (await execute(api.alice))["userErrors"] == [{"field": ["name"], "code": "NOT_FOUND"}]
    again = (await api.alice.ask(DELETE, name="report"))["deleteWorkflow"]
    assert again == {"deletedWorkflowId": None, "userErrors": [{"field": ["name"], "code": "NOT_FOUND"}]}


async def test_a_paused_workflow_has_no_due_time_and_can_be_executed(api: Api) -> None:
    await save(api.alice, definition={**DEFINITION, "schedule": {"every": {"interval": "PT1H"}}})
    await save(api.alice, definition={**DEFINITION, "name": "other"})
    paused = (await api.alice.ask(PAUSE, name="report"))["pauseWorkflow"]
    assert (paused["userErrors"], paused["workflow"]["isPaused"]) == ([], True)
    assert (paused["workflow"]["pausedAt"] is None, paused["workflow"]["nextRunAt"]) == (False, None)
    listed = "query($is: Boolean) { workflows(filter: {isPaused: $is}) { nodes { name } } }"
    for is_paused, names in ((True, ["report"]), (False, ["other"]), (None, ["other", "report"])):
        found = (await api.alice.ask(listed, **{"is": is_paused}))["workflows"]["nodes"]
        assert [node["name"] for node in found] == names
    assert (await execute(api.alice))["userErrors"] == []
    api.woken.due.clear()
    resumed = (await api.alice.ask(UNPAUSE, name="report"))["resumeWorkflow"]
    assert (resumed["userErrors"], resumed["workflow"]["isPaused"]) == ([], False)
    assert (resumed["workflow"]["pausedAt"], resumed["workflow"]["nextRunAt"] is None) == (None, False)
    assert len(api.woken.due) == 1


async def test_a_pause_cancels_scheduled_runs_that_have_not_started(api: Api) -> None:
    await save(api.alice, definition={**DEFINITION, "schedule": {"every": {"interval": "PT1H"}}})
    await execute(api.alice)
    await api.database.workflow_runs.update_one({}, {"$set": {"trigger": "SCHEDULE"}})
    api.woken.workflow_runs.clear()
    await api.alice.ask(PAUSE, name="report")
    run = await api.database.workflow_runs.find_one({})
    assert run is not None
    assert run["cancel_requested_at"] is not None
    assert api.woken.workflow_runs == [run["_id"]]


@pytest.mark.parametrize(("name", "code"), [("report", "CONFLICT"), ("", "NOT_FOUND"), ("a\0b", "NOT_FOUND")])
async def test_only_a_scheduled_workflow_can_be_paused(api: Api, name: str, code: str) -> None:
    await save(api.alice, definition=DEFINITION)
    refused = (await api.alice.ask(PAUSE, name=name))["pauseWorkflow"]
    assert refused["workflow"] is None
    assert [(error["field"], error["code"]) for error in refused["userErrors"]] == [(["name"], code)]
