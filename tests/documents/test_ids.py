"""IDs: whose a document is, what it belongs to, and its form in the API."""

import base64

import pytest

from tocsin.documents import (
    from_global_id,
    is_workflow_run_id,
    new_id,
    owner_of,
    parent_of,
    run_log_ids,
    step_of,
    to_global_id,
)


def test_an_id_starts_with_its_owners() -> None:
    assert owner_of(new_id("alice")) == "alice"
    assert "/" not in new_id()
    assert new_id("alice") != new_id("alice")


@pytest.mark.parametrize(
    ("run_id", "parent", "step"),
    [
        ("alice/t:1", "alice/t", None),
        ("alice/w1:fetch", "alice/w1", "fetch"),
        ("alice/w1:fetch[3]", "alice/w1", "fetch"),
        ("alice/w1:fetch!undo", "alice/w1", "fetch"),
    ],
)
def test_the_id_of_a_run_contains_its_parent_and_step(run_id: str, parent: str, step: str | None) -> None:
    assert (parent_of(run_id), step_of(run_id)) == (parent, step)
    assert is_workflow_run_id(parent) is (step is not None)


def test_a_global_id_is_decoded_for_its_own_type_only() -> None:
    global_id = to_global_id("Task", "alice/t")
    assert from_global_id("Task", global_id) == "alice/t"
    assert from_global_id("Run", global_id) is None


@pytest.mark.parametrize(
    "text",
    ["", "alice/t", "Task:alice/t", "é", "VGFz_", to_global_id("Task", ""), to_global_id("Task", "a\0b"),
     base64.urlsafe_b64encode(b"Task:\xff").decode()],
)  # fmt: skip
def test_an_invalid_global_id_is_decoded_to_nothing(text: str) -> None:
    assert from_global_id("Task", text) is None


def test_log_lines_name_a_run_and_what_it_belongs_to() -> None:
    ids = {"run_id": to_global_id("Run", "alice/t:1"), "task_id": to_global_id("Task", "alice/t")}
    assert run_log_ids("alice/t:1") == ids
    assert run_log_ids("alice/w1") == {"workflow_run_id": to_global_id("WorkflowRun", "alice/w1")}
