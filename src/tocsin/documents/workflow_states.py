"""The statuses of workflow runs and their steps (drawn in docs/state_machine.md)."""

from enum import StrEnum


class WorkflowRunStatus(StrEnum):
    """The status of a workflow run."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"
    MISSED = "MISSED"


class WorkflowRunReason(StrEnum):
    """The reason for the status of a workflow run, where the status alone does not say it."""

    STEP_FAILED = "STEP_FAILED"
    COMPENSATED = "COMPENSATED"
    COMPENSATION_FAILED = "COMPENSATION_FAILED"
    TIMEOUT = "TIMEOUT"
    OUTPUT_FAILED = "OUTPUT_FAILED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    OVERLAP = "OVERLAP"
    OVERLAP_LIMIT = "OVERLAP_LIMIT"
    MISFIRE = "MISFIRE"
    QUOTA = "QUOTA"


class StepStatus(StrEnum):
    """The status of a step. WAITING: for a time or a decision."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class StepReason(StrEnum):
    """The reason for the status of a step, where the status alone does not say it."""

    CONDITION = "CONDITION"
    DEPENDENCY = "DEPENDENCY"
    STOPPED = "STOPPED"
    CANCEL_REQUESTED = "CANCEL_REQUESTED"
    TIMEOUT = "TIMEOUT"
    EXPRESSION = "EXPRESSION"
    BAD_PARAMS = "BAD_PARAMS"
    RUN_FAILED = "RUN_FAILED"
    REJECTED = "REJECTED"
    APPROVED_BY_TIMEOUT = "APPROVED_BY_TIMEOUT"


SETTLED_STEP_STATUSES = frozenset({StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED})
OPEN_WORKFLOW_RUN_STATUSES = frozenset({WorkflowRunStatus.PENDING, WorkflowRunStatus.RUNNING})
