"""Which changes belong to a filter."""

from typing import Any

import pytest

from tocsin.clock import EPOCH
from tocsin.documents import Change, ChangeKind, RunStatus, StepStatus, TaskStatus
from tocsin.events import ChangeFilter

K, S = ChangeKind, RunStatus
TASK = Change(K.TASK_UPDATED, EPOCH, "o/t", task_status=TaskStatus.PAUSED)
RUN = Change(K.RUN_UPDATED, EPOCH, "o/t", "o/t:1", run_status=S.FAILED)
NEW = Change(K.RUN_CREATED, EPOCH, "o/t", "o/t:1", run_status=S.QUEUED)
WORKFLOW_RUN = Change(K.RUN_CREATED, EPOCH, workflow_run_id="o/w1", workflow="o/f")
ADVANCED = WORKFLOW_RUN._replace(steps=(("a", StepStatus.COMPLETED),))


@pytest.mark.parametrize(
    ("given", "change", "belongs"),
    [
        ({}, TASK, True), ({}, RUN, True), ({}, WORKFLOW_RUN, False),
        ({"task_id": "o/t"}, RUN, True), ({"task_id": "o/u"}, RUN, False),
        ({"task_ids": frozenset({"o/t", "o/u"})}, RUN, True), ({"task_ids": frozenset({"o/u"})}, TASK, False),
        ({"kinds": frozenset({K.RUN_UPDATED})}, RUN, True), ({"kinds": frozenset({K.RUN_UPDATED})}, TASK, False),
        ({"kinds": frozenset({K.RUN_UPDATED})}, NEW, False),
        ({"run_statuses": frozenset({S.FAILED})}, RUN, True), ({"run_statuses": frozenset({S.FAILED})}, NEW, False),
        ({"run_statuses": frozenset({S.FAILED})}, TASK, True),
        ({"workflows": True}, WORKFLOW_RUN, True), ({"workflows": True}, TASK, False),
        ({"workflows": True, "workflow": "o/f"}, WORKFLOW_RUN, True),
        ({"workflows": True, "workflow": "o/g"}, WORKFLOW_RUN, False),
        ({"workflows": True, "workflow_run_id": "o/w2"}, WORKFLOW_RUN, False),
        ({"workflows": True, "kinds": frozenset({K.RUN_UPDATED})}, WORKFLOW_RUN, False),
        ({"workflows": True, "kinds": frozenset({K.RUN_UPDATED})}, ADVANCED, True),
        ({"notifications": True}, TASK, False),
    ],
)  # fmt: skip
def test_a_change_belongs_to_a_filter(given: dict[str, Any], change: Change, belongs: bool) -> None:
    filter_ = ChangeFilter("o", **given)
    assert filter_.matches(change) is belongs
    assert len(filter_.select([change])) == belongs


def test_a_merged_creation_is_an_update_for_those_who_want_only_these() -> None:
    merged = NEW._replace(run_status=S.COMPLETED)
    (told,) = ChangeFilter("o", kinds=frozenset({K.RUN_UPDATED})).select([merged])
    assert (told.kind, told.run_status) == (K.RUN_UPDATED, S.COMPLETED)
    assert ChangeFilter("o").select([merged]) == [merged]


def test_a_digest_names_the_filter() -> None:
    filters = [
        ChangeFilter("o"), ChangeFilter("p"), ChangeFilter("o", "o/t"), ChangeFilter("o", workflows=True),
        ChangeFilter("o", kinds=frozenset({K.TASK_DELETED})), ChangeFilter("o", task_ids=frozenset({"o/t", "o/u"})),
        ChangeFilter("o", run_statuses=frozenset({S.FAILED})), ChangeFilter("o", workflows=True, workflow="o/f"),
    ]  # fmt: skip
    assert len({each.digest for each in filters}) == len(filters)
    assert ChangeFilter("o", task_ids=frozenset({"o/u", "o/t"})).digest == filters[5].digest


def test_the_named_tasks_are_those_of_both_arguments() -> None:
    assert ChangeFilter("o").named_tasks is None
    assert ChangeFilter("o", "o/t").named_tasks == frozenset({"o/t"})
    assert ChangeFilter("o", "o/t", task_ids=frozenset({"o/u"})).named_tasks == frozenset()
