"""Explanations of the state of workflow runs and steps for people."""

from tocsin.documents import StepReason, WorkflowRunReason
from tocsin.graphql.enums import describe_enum

_RUN_SENTENCES = {
    WorkflowRunReason.STEP_FAILED: "A step failed, and the steps that depend on it were skipped.",
    WorkflowRunReason.COMPENSATED: "A step failed, and the completed steps were compensated.",
    WorkflowRunReason.COMPENSATION_FAILED: "A step failed, and not all of the completed steps could be compensated.",
    WorkflowRunReason.TIMEOUT: "The workflow run exceeded its timeout.",
    WorkflowRunReason.OUTPUT_FAILED: "All steps were completed, but the output could not be computed.",
    WorkflowRunReason.CANCEL_REQUESTED: "Its cancellation was requested.",
    WorkflowRunReason.OVERLAP: "The previous run had not ended.",
    WorkflowRunReason.OVERLAP_LIMIT: "The workflow had reached its limit of open runs.",
    WorkflowRunReason.QUOTA: "A quota of its owner was used up at its due time.",
    WorkflowRunReason.MISFIRE: "The due time passed while no server could run it.",
}
_STEP_SENTENCES = {
    StepReason.CONDITION: "Its `when` condition was not met.",
    StepReason.DEPENDENCY: "A step that it depends on was not completed.",
    StepReason.STOPPED: "Another step failed, and the workflow run is being compensated.",
    StepReason.CANCEL_REQUESTED: "Its cancellation was requested.",
    StepReason.TIMEOUT: "Its timeout, or that of the workflow run, was exceeded.",
    StepReason.EXPRESSION: "An expression in it could not be evaluated.",
    StepReason.BAD_PARAMS: "Its parameters were invalid after their expressions were evaluated.",
    StepReason.RUN_FAILED: "Its run failed, including all retries.",
    StepReason.REJECTED: "The approver rejected it.",
    StepReason.APPROVED_BY_TIMEOUT: "Nobody decided in time, which counts as approval for this step.",
}


def explain_workflow_run_reason(reason: WorkflowRunReason) -> str:
    """Explain the reason of a workflow run."""
    return _RUN_SENTENCES[reason]


def explain_step_reason(reason: StepReason) -> str:
    """Explain the reason of a step."""
    return _STEP_SENTENCES[reason]


describe_enum(
    WorkflowRunReason,
    "The reason for the status of a workflow run.",
    {one.name: text for one, text in _RUN_SENTENCES.items()},
)
describe_enum(
    StepReason, "The reason for the status of a step.", {one.name: text for one, text in _STEP_SENTENCES.items()}
)
