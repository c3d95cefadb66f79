"""Enums of workflow runs and steps, with a description of each value. Reasons are in `reasons`."""

from tocsin.documents import StepStatus, WorkflowRunStatus
from tocsin.graphql.enums import describe_enum

describe_enum(
    WorkflowRunStatus,
    "The status of a workflow run.",
    {
        "PENDING": "No step has started.",
        "RUNNING": "Steps are running or waiting.",
        "COMPLETED": "All steps have ended, and no step failed except those whose failure is ignored.",
        "FAILED": "A step failed, or the timeout was exceeded. The workflow run can be resumed.",
        "CANCELLED": "A person cancelled the workflow run. It can be resumed.",
        "SKIPPED": "Not run because the previous run had not ended at its due time.",
        "MISSED": "The due time passed while no server could run it.",
    },
)
describe_enum(
    StepStatus,
    "The status of a step.",
    {
        "PENDING": "Steps that it depends on have not ended, or the limit of running steps is reached.",
        "RUNNING": "One of its runs is queued, running or waiting for a retry.",
        "WAITING": "The step waits for a point in time or for the decision of a person.",
        "COMPLETED": "The step succeeded.",
        "FAILED": "The step failed; `error` and `reason` say why.",
        "SKIPPED": "The step was not started; `reason` says why.",
        "CANCELLED": "The step was cancelled while it was open.",
    },
)
