"""Explanations of workflow runs and steps for people."""

import pytest

from tocsin.documents import StepReason, WorkflowRunReason
from tocsin.graphql.workflows.reasons import explain_step_reason, explain_workflow_run_reason


@pytest.mark.parametrize("reason", WorkflowRunReason)
def test_every_reason_of_a_workflow_run_is_a_sentence(reason: WorkflowRunReason) -> None:
    assert explain_workflow_run_reason(reason).endswith(".")


@pytest.mark.parametrize("reason", StepReason)
def test_every_reason_of_a_step_is_a_sentence(reason: StepReason) -> None:
    assert explain_step_reason(reason).endswith(".")
