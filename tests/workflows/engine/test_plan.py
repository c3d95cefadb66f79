"""Planning: order, failures, conditions, items, waits, approvals, compensation, cancellation."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workflows.engine.world import T0, W, World, define, prepare_nothing, run_all
from tocsin.documents import ErrorDocument, ErrorKind, RunStatus, StepReason, StepStatus, WorkflowRunReason
from tocsin.workflows.engine.plan import advance_workflow
from tocsin.workflows.engine.scope import StepContext
from tocsin.workflows.engine.states import ItemState, StepRunOutcome, WorkflowState


def test_steps_follow_each_other_unless_they_say_otherwise() -> None:
    world = World(define({"key": "a"}, {"key": "b"}, {"key": "c", "dependsOn": []}))
    world.look()
    assert world.running() == [f"{W}a", f"{W}c"]
    world.end(f"{W}a")
    world.look()
    assert world.running() == [f"{W}c", f"{W}b"]


def test_results_pass_on() -> None:
    params = {"text": "${{ steps.a.result.x }} of ${{ inputs.n }}", "whole": "${{ steps.a.result }}"}
    world = World(define({"key": "a"}, {"key": "b", "params": params}, inputs={"n": {}}), {"n": 3})
    run_all(world, {"a": {"x": [1]}, "b": "end"})
    assert world.runs[f"{W}b"]["job"]["params"] == {"text": "[1] of 3", "whole": {"x": [1]}}
    assert world.finish is not None
    assert (world.finish.status.value, world.finish.output) == ("COMPLETED", '"end"')


def test_a_failure_skips_what_depends_on_it_and_lets_the_rest_go_on() -> None:
    world = World(define({"key": "a"}, {"key": "b"}, {"key": "c"}, {"key": "d", "dependsOn": []}))
    world.look()
    world.end(f"{W}a", "FAILED")
    world.look()
    assert world.statuses() == {"a": "FAILED", "b": "SKIPPED", "c": "SKIPPED", "d": "RUNNING"}
    world.end(f"{W}d")
    world.look()
    assert world.finish is not None
    assert (world.finish.status.value, world.finish.reason and world.finish.reason.value) == ("FAILED", "STEP_FAILED")


def test_a_workflow_may_continue_after_a_failure() -> None:
    world = World(
        define({"key": "a", "onFailure": "continue"}, {"key": "b", "params": {"e": "${{ steps.a.error.message }}"}})
    )
    world.look()
    world.end(f"{W}a", "FAILED")
    run_all(world)
    assert world.runs[f"{W}b"]["job"]["params"] == {"e": "no"}
    assert world.document["status"] == "COMPLETED"


def test_an_item_that_fails_keeps_the_rest_from_beginning() -> None:
    world = World(define({"key": "a", "forEach": {"items": [1, 2, 3], "concurrency": 1}}))
    world.look()
    world.end(f"{W}a[0]", "FAILED")
    world.look()
    assert world.document["steps"]["a"]["items"] == "FXX"
    assert (world.moves, world.document["status"]) == ([f"{W}a[0]"], "FAILED")


def test_a_wait_ends_at_its_time() -> None:
    world = World(define({"key": "a", "wait": "PT5M"}, {"key": "b"}))
    world.look()
    assert (world.statuses()["a"], world.document["wake_at"]) == ("WAITING", T0 + timedelta(minutes=5))
    world.now += timedelta(minutes=5)
    world.look()
    assert world.running() == [f"{W}b"]


def test_an_approval_reminds_and_times_out() -> None:
    approval = {"by": "admins", "timeout": "PT3H", "remindEvery": "PT1H"}
    world = World(define({"key": "a", "approval": approval}, {"key": "b"}))
    world.look()
    for hour in (1, 2):
        world.now = T0 + timedelta(hours=hour)
        world.look()
        assert world.document["steps"]["a"]["reminders"] == hour
    world.now = T0 + timedelta(hours=3)
    world.look()
    assert world.document["steps"]["a"]["reason"] == "TIMEOUT"
    assert (world.statuses(), world.document["status"]) == ({"a": "FAILED", "b": "SKIPPED"}, "FAILED")


def test_a_timeout_may_count_as_an_approval() -> None:
    world = World(define({"key": "a", "approval": {"by": "admins", "timeout": "PT1H", "onTimeout": "approve"}}))
    world.look()
    world.now += timedelta(hours=1)
    world.look()
    assert world.document["status"] == "COMPLETED"


def test_completed_steps_are_compensated_in_reverse_order() -> None:
    undo = {"compensation": {"job": "http", "params": {"undo": "${{ steps.KEY.result }}"}}}
    steps = [
        {"key": key, "compensation": {"job": "http", "params": {"of": f"${{{{ steps.{key}.result }}}}"}}}
        for key in "ab"
    ]
    assert undo
    world = World(define(*steps, {"key": "c", "onFailure": "compensate"}, {"key": "d"}))
    world.look()
    for key in "ab":
        world.end(f"{W}{key}", result=key.upper())
        world.look()
    world.end(f"{W}c", "FAILED")
    world.look()
    assert world.running() == [f"{W}b!undo"]
    assert world.runs[f"{W}b!undo"]["job"]["params"] == {"of": "B"}
    run_all(world)
    assert world.moves[-2:] == [f"{W}b!undo", f"{W}a!undo"]
    assert world.statuses()["d"] == "SKIPPED"
    assert world.finish is not None
    assert world.finish.reason is not None
    assert world.finish.reason.value == "COMPENSATED"


def test_a_cancellation_aborts_active_runs_and_starts_none() -> None:
    world = World(define({"key": "a"}, {"key": "b"}, {"key": "w", "dependsOn": [], "wait": "PT1H"}))
    world.look()
    world.document["cancel_requested_at"] = T0
    world.look()
    world.look()
    assert world.statuses() == {"a": "CANCELLED", "b": "CANCELLED", "w": "CANCELLED"}
    assert world.document["status"] == "CANCELLED"


def test_a_workflow_run_past_its_timeout_fails() -> None:
    world = World(define({"key": "a"}, timeout="PT1M"))
    world.look()
    assert world.document["wake_at"] == T0 + timedelta(minutes=1)
    world.now += timedelta(minutes=1)
    world.look()
    world.look()
    assert world.finish is not None
    assert world.finish.error is not None
    assert (world.document["status"], world.finish.error["kind"]) == ("FAILED", "TIMEOUT")


KEYS = [f"s{number}" for number in range(8)]


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, object]]:
    """Generate steps that depend on earlier ones, with items, conditions, waits and every `onFailure`."""
    steps: list[dict[str, object]] = []
    for index in range(draw(st.integers(1, len(KEYS)))):
        before = KEYS[:index]
        step: dict[str, object] = {
            "key": KEYS[index],
            "dependsOn": draw(st.lists(st.sampled_from(before), unique=True)) if before else [],
        }
        kind = draw(st.sampled_from(["job", "job", "items", "wait", "approval"]))
        if kind == "wait":
            step["wait"] = "PT1S"
        elif kind == "approval":
            step["approval"] = {
                "by": "admins",
                "timeout": "PT2S",
                "onTimeout": draw(st.sampled_from(["fail", "approve"])),
            }
        else:
            step["onFailure"] = draw(st.sampled_from(["fail", "continue", "compensate"]))
            if kind == "items":
                step["forEach"] = {
                    "items": list(range(draw(st.integers(0, 4)))),
                    "concurrency": draw(st.integers(1, 3)),
                }
            if draw(st.booleans()):
                step["compensation"] = {"job": "http"}
        if draw(st.integers(0, 4)) == 0:
            step["when"] = draw(st.sampled_from(["${{ `true` }}", "${{ `false` }}"]))
        steps.append(step)
    return steps


@given(graphs(), st.data())
def test_whatever_happens_steps_end_in_order_and_each_run_is_created_once(
    steps: list[dict[str, object]], data: st.DataObject
) -> None:
    """Runs end in any order and with any status; advances happen at any time and crash before creating runs."""
    definition = define(*steps, concurrency=data.draw(st.integers(1, 4)))
    world = World(definition, forget=lambda: data.draw(st.integers(0, 3)) == 0)
    cancel_after = data.draw(st.integers(0, 40))
    settled_at: dict[str, int] = {}
    for turn in range(400):
        if not world.open:
            break
        if turn == cancel_after:
            world.document["cancel_requested_at"] = world.now
        world.look()
        for key, status in world.statuses().items():
            if status in {"COMPLETED", "FAILED", "SKIPPED", "CANCELLED"}:
                settled_at.setdefault(key, turn)
        assert len(world.running()) <= definition.concurrency
        if running := world.running():
            world.end(
                data.draw(st.sampled_from(running)),
                data.draw(st.sampled_from(["COMPLETED", "COMPLETED", "FAILED", "CANCELLED"])),
            )
        else:
            world.now += timedelta(seconds=1)
    assert not world.open, "it goes on for ever"
    assert set(settled_at) == {step.key for step in definition.steps}
    assert len(world.moves) == len(set(world.moves)), "a run was made twice"
    assert not world.running(), "it ended while a run was under way"
    _assert_order(world, steps)


def _assert_order(world: World, steps: list[dict[str, object]]) -> None:
    """Assert that no run was started before the dependencies of its step were settled."""
    finished = {key: state.get("finished_at") for key, state in world.document["steps"].items()}
    for step in steps:
        own = world.document["steps"][str(step["key"])].get("started_at")
        for key in step["dependsOn"]:  # type: ignore[attr-defined]
            before = finished[key]
            assert own is None or (before is not None and before <= own)


FAILURE: ErrorDocument = {"kind": ErrorKind.JOB, "message": "no", "hint": None}


def outcome(status: RunStatus, round_: int = 0) -> StepRunOutcome:
    return StepRunOutcome(status, round_, T0, None if status is RunStatus.COMPLETED else FAILURE)


@pytest.mark.parametrize(
    ("status", "expected", "reason"),
    [
        (RunStatus.COMPLETED, StepStatus.COMPLETED, None),
        (RunStatus.CANCELLED, StepStatus.CANCELLED, StepReason.CANCEL_REQUESTED),
        (RunStatus.FAILED, StepStatus.FAILED, StepReason.RUN_FAILED),
        (RunStatus.SKIPPED, StepStatus.FAILED, StepReason.RUN_FAILED),
    ],
)
def test_the_outcome_of_its_run_settles_a_step(
    status: RunStatus, expected: StepStatus, reason: StepReason | None
) -> None:
    definition = define({"key": "a"})
    state = WorkflowState.from_document(World(definition).document)
    state.steps["a"].status = StepStatus.RUNNING
    context = StepContext(definition, T0, {"a": "null"}, prepare_nothing)
    advance_workflow(state, context, {f"{W}a": outcome(status)})
    assert (state.steps["a"].status, state.steps["a"].reason) == (expected, reason)


def test_the_outcome_of_an_earlier_round_is_not_that_of_its_step() -> None:
    definition = define({"key": "a"})
    state = WorkflowState.from_document(World(definition).document)
    state.steps["a"].status, state.steps["a"].round = StepStatus.RUNNING, 1
    advance_workflow(state, StepContext(definition, T0, {}, prepare_nothing), {f"{W}a": outcome(RunStatus.FAILED)})
    assert state.steps["a"].status is StepStatus.RUNNING


def test_the_outcome_of_a_compensation_changes_nothing_but_its_own_state() -> None:
    undo = {"job": "http", "params": {}}
    definition = define({"key": "a", "compensation": undo}, {"key": "b", "onFailure": "compensate"})
    state = WorkflowState.from_document(World(definition).document)
    state.steps["a"].settle(StepStatus.COMPLETED, T0)
    state.steps["a"].undo = ItemState.RUNNING
    state.steps["b"].settle(StepStatus.FAILED, T0, StepReason.RUN_FAILED, FAILURE)
    ended = {f"{W}a!undo": outcome(RunStatus.FAILED)}
    plan = advance_workflow(state, StepContext(definition, T0, {}, prepare_nothing), ended)
    assert (state.steps["a"].status, state.steps["a"].undo) == (StepStatus.COMPLETED, ItemState.FAILED)
    assert plan.outcome is not None
    assert plan.outcome.reason is WorkflowRunReason.COMPENSATION_FAILED
