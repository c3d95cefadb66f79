"""The reasons of workflow runs and steps in plain sentences."""

from tocsin.documents import StepReason, StepStatus, WorkflowRunReason, WorkflowRunStatus
from tocsin.graphql.enums import describe

_RUN = {
    WorkflowRunReason.STEP_FAILED: "A step failed, and what depends on it was skipped.",
    WorkflowRunReason.COMPENSATED: "A step failed, and what was done before it was undone.",
    WorkflowRunReason.COMPENSATION_FAILED: "A step failed, and not all that was done before it could be undone.",
    WorkflowRunReason.TIMEOUT: "It was not done within its time.",
    WorkflowRunReason.OUTPUT_FAILED: "All steps were done, but its output could not be made of their results.",
    WorkflowRunReason.CANCEL_REQUESTED: "Its cancellation was asked for.",
    WorkflowRunReason.OVERLAP: "The run before was still going on.",
    WorkflowRunReason.OVERLAP_LIMIT: "As many earlier runs of the workflow as may be open were still going on.",
    WorkflowRunReason.QUOTA: "It was due while a quota of its owner was used up.",
    WorkflowRunReason.MISFIRE: "The due time passed while nobody could run it.",
}
_STEP = {
    StepReason.CONDITION: "Its condition `when` was not met.",
    StepReason.DEPENDENCY: "A step that it depends on was not completed.",
    StepReason.STOPPED: "Another step failed, and the workflow run is undone.",
    StepReason.CANCEL_REQUESTED: "Its cancellation was asked for.",
    StepReason.TIMEOUT: "Its time, or that of the workflow run, was over.",
    StepReason.EXPRESSION: "An expression in it could not be evaluated.",
    StepReason.BAD_PARAMS: "Its parameters were wrong when the expressions in them were filled in.",
    StepReason.RUN_FAILED: "Its run failed, retries included.",
    StepReason.REJECTED: "The person who was asked said no.",
    StepReason.APPROVED_BY_TIMEOUT: "Nobody decided in time, which stands for a yes here.",
}


def reason_text(reason: WorkflowRunReason) -> str:
    """Why a workflow run is in its state."""
    return _RUN[reason]


def step_reason_text(reason: StepReason) -> str:
    """Why a step is in its state."""
    return _STEP[reason]


describe(WorkflowRunReason, "Why a workflow run is in its state.", {one.name: text for one, text in _RUN.items()})
describe(StepReason, "Why a step is in its state.", {one.name: text for one, text in _STEP.items()})
describe(
    WorkflowRunStatus,
    "Where a workflow run is in its life.",
    {
        "PENDING": "No step has begun.",
        "RUNNING": "Steps are under way, or wait.",
        "COMPLETED": "All steps are settled, and none failed but those that were let go on.",
        "FAILED": "A step failed, or the time was over. It can be resumed.",
        "CANCELLED": "Somebody cancelled it. It can be resumed.",
        "SKIPPED": "The run before was still going on at its due time.",
        "MISSED": "The due time passed while nobody could run it.",
    },
)
describe(
    StepStatus,
    "Where a step is in its life.",
    {
        "PENDING": "Steps that it depends on are not settled yet, or there is no room.",
        "RUNNING": "A run of it is queued, under way or waits for a retry.",
        "WAITING": "It waits for a time, or for a person's decision.",
        "COMPLETED": "It was done.",
        "FAILED": "It could not be done.",
        "SKIPPED": "It was not to be done.",
        "CANCELLED": "It was broken off.",
    },
)
