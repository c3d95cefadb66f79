"""The active runs of a workflow run: their outcomes, as stored."""

from dataclasses import dataclass, field

from tocsin.documents import SETTLED_STATUSES, Database, RunDocument, RunStatus, WorkflowRunDocument
from tocsin.workflows.engine.states import StepRunOutcome, WorkflowState

_OUTCOME_FIELDS = {"status": 1, "round": 1, "finished_at": 1, "error": 1}


@dataclass(frozen=True, slots=True)
class ActiveRuns:
    """The outcomes of the active runs that ended, and the ids of those that are missing, or that wait for a retry."""

    ended: dict[str, StepRunOutcome]
    lost: set[str] = field(default_factory=set)
    retrying: set[str] = field(default_factory=set)


async def read_active_runs(database: Database, document: WorkflowRunDocument) -> ActiveRuns:
    """Read the active runs of a workflow run."""
    state = WorkflowState.from_document(document)
    rounds = {ref.run_id(state.id): state.steps[ref.key].round for ref in state.active_runs()}
    cursor = database.runs.find({"_id": {"$in": list(rounds)}}, _OUTCOME_FIELDS)
    runs: dict[str, RunDocument] = {run["_id"]: run async for run in cursor} if rounds else {}
    return ActiveRuns(
        ended={run_id: outcome_of(run) for run_id, run in runs.items() if run["status"] in SETTLED_STATUSES},
        lost={run_id for run_id, round_ in rounds.items() if run_id not in runs or runs[run_id]["round"] < round_},
        retrying={run_id for run_id, run in runs.items() if run["status"] == RunStatus.RETRY},
    )


def outcome_of(run: RunDocument) -> StepRunOutcome:
    """Return the outcome of a settled run."""
    return StepRunOutcome(run["status"], run["round"], run["finished_at"], run.get("error"))
