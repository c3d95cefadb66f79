"""Helpers for tests of planning: one-line definitions, and a world whose runs end on command."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tocsin.documents import JobDocument, Trigger, WorkflowRunStatus
from tocsin.workflows.engine.evaluation import EvaluationRequest, ResultForm
from tocsin.workflows.engine.new_runs import NewWorkflowRun, new_workflow_run
from tocsin.workflows.engine.plan import WorkflowOutcome, advance_workflow
from tocsin.workflows.engine.scope import ResultsNeeded, StepContext
from tocsin.workflows.engine.states import StepRunOutcome, StepRunRef, WorkflowState
from tocsin.workflows.language.definition import WorkflowDefinition

T0 = datetime(2027, 1, 1, tzinfo=UTC)
W = "alice/w1:"
"""The ids of runs begin with this, and end with the key of their step."""
COSTLY = "${{ " + "||".join(["contains(inputs.t,'aaaaaab')"] * 6) + " }}"
"""Costs more than an advance may spend, if the input `t` is a long text."""


def define(*steps: Any, **fields: Any) -> WorkflowDefinition:
    """Make a workflow of these steps, which are jobs by default."""
    full = [{"job": "http"} | step if not {"wait", "approval"} & set(step) else step for step in steps]
    return WorkflowDefinition.model_validate({"name": "w", "steps": full, **fields}).resolve_dependencies()


def request(value: Any, *items: str, form: ResultForm = ResultForm.VALUE, **inputs: Any) -> EvaluationRequest:
    """Make a request to evaluate a value with these inputs, once for each item."""
    known: dict[str, Any] = {"workflow": {}, "run": {}, "steps": {}}
    return EvaluationRequest("s.params", value, form, known, json.dumps(inputs), {}, tuple(enumerate(items)))


def prepare_nothing(_ref: StepRunRef, kind: str, params: Mapping[str, Any]) -> JobDocument:
    """Prepare a job without validating it."""
    return {"kind": kind, "params": dict(params)}


@dataclass
class World:
    """A workflow run and the runs of its steps. `moves` records the ids of started runs, in order."""

    definition: WorkflowDefinition
    inputs: Any = field(default_factory=dict)
    now: datetime = T0
    document: Any = field(init=False)
    runs: dict[str, Any] = field(default_factory=dict)
    moves: list[str] = field(default_factory=list)
    finish: WorkflowOutcome | None = None
    forget: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        workflow: Any = {"owner": "alice", "_id": "alice/1", "name": "w", "version": 1}
        new = NewWorkflowRun("alice/w1", Trigger.MANUAL, T0)
        self.document = new_workflow_run(workflow, self.definition, self.inputs, new, T0)

    def look(self) -> WorkflowState:
        """Plan, write, and create the runs, as the engine does. `forget` simulates a crash before runs are created."""
        results: dict[str, Any] = {}
        while True:
            state = WorkflowState.from_document(self.document)
            under_way = {ref.run_id(state.id) for ref in state.active_runs()}
            lost = {run_id for run_id in under_way if self._round(run_id) < self._wanted(run_id, state)}
            ended = {
                run_id: _ended(self.runs[run_id])
                for run_id in under_way - lost
                if self.runs[run_id]["status"] != "RUNNING"
            }
            try:
                plan = advance_workflow(
                    state, StepContext(self.definition, self.now, results, prepare_nothing), ended, lost
                )
                break
            except ResultsNeeded as missing:
                results |= {key: self._result(key, state) for key in missing.step_keys}
        self.document |= plan.to_update(state, self.now)
        if plan.outcome is not None:
            self.finish = plan.outcome
        if not self.forget():
            for start in plan.runs_to_start:
                self._make(start.ref.run_id(state.id), start.round, start.job)
            for run_id in plan.runs_to_cancel:
                self.end(run_id, "CANCELLED")
        return state

    def running(self) -> list[str]:
        """Return the active runs."""
        return [run_id for run_id, run in self.runs.items() if run["status"] == "RUNNING"]

    def end(self, run_id: str, status: str = "COMPLETED", result: Any = None) -> None:
        """End a run with this status."""
        run = self.runs[run_id]
        if run["status"] == "RUNNING":
            error = None if status == "COMPLETED" else {"kind": "JOB", "message": "no", "hint": None}
            self.now += timedelta(milliseconds=1)
            run |= {"status": status, "result": result, "error": error, "finished_at": self.now}

    def statuses(self) -> dict[str, str]:
        """Return the statuses of the steps."""
        return {key: stored["status"] for key, stored in self.document["steps"].items()}

    @property
    def open(self) -> bool:
        """True if the workflow run is open."""
        return WorkflowRunStatus(self.document["status"]) in {WorkflowRunStatus.PENDING, WorkflowRunStatus.RUNNING}

    def _make(self, run_id: str, round_: int, job: Any) -> None:
        if self._round(run_id) < round_:
            assert run_id not in self.running(), f"{run_id} is made while it runs"
            self.runs[run_id] = {
                "status": "RUNNING",
                "round": round_,
                "job": job,
                "result": None,
                "error": None,
                "finished_at": None,
            }
            self.moves.append(run_id)

    def _round(self, run_id: str) -> int:
        return self.runs[run_id]["round"] if run_id in self.runs else -1

    def _wanted(self, run_id: str, state: WorkflowState) -> int:
        return next(state.steps[ref.key].round for ref in state.active_runs() if ref.run_id(state.id) == run_id)

    def _result(self, key: str, state: WorkflowState) -> Any:
        items = state.steps[key].items
        if items is None:
            return json.dumps(self.runs[f"{state.id}:{key}"]["result"])
        found = [self.runs.get(f"{state.id}:{key}[{index}]", {}).get("result") for index in range(len(items))]
        return [json.dumps(one) for one in found]


def _ended(run: Any) -> StepRunOutcome:
    return StepRunOutcome(run["status"], run["round"], run["finished_at"], run["error"])


def run_all(world: World, results: dict[str, object] | None = None) -> World:
    """Let active runs succeed until none is left."""
    world.look()
    while running := world.running():
        for run_id in running:
            world.end(run_id, result=(results or {}).get(run_id.removeprefix(W)))
        world.look()
    return world
