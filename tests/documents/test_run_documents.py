"""The types of what updates set agree with those of the stored documents."""

from typing import Any, get_type_hints

import pytest

from tocsin.documents import (
    ReplayChanges,
    ReplayDocument,
    RunChanges,
    RunDocument,
    TaskChanges,
    TaskDocument,
    TaskSettings,
)


@pytest.mark.parametrize(
    ("part", "whole"),
    [
        (RunChanges, RunDocument),
        (TaskSettings, TaskChanges),
        (TaskChanges, TaskDocument),
        (ReplayChanges, ReplayDocument),
    ],
)
def test_what_an_update_sets_is_a_field_of_the_document_with_its_type(part: Any, whole: Any) -> None:
    assert get_type_hints(part).items() <= get_type_hints(whole).items()


def test_updates_of_runs_and_tasks_set_no_status_beside_the_checked_moves() -> None:
    assert {"status", "open"}.isdisjoint(get_type_hints(RunChanges))
    assert {"status", "active"}.isdisjoint(get_type_hints(TaskChanges))
