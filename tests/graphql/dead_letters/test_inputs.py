"""The filter of dead letters as users write it."""

from datetime import UTC, datetime

import pytest
import strawberry

from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.documents import ErrorKind
from tocsin.errors import InvalidInput
from tocsin.graphql import ids
from tocsin.graphql.dead_letters.inputs import DeadLetterFilter, parse_dead_letter_filter

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", [None, DeadLetterFilter(), DeadLetterFilter(host=None, task_id=None)])
def test_without_conditions_the_filter_is_empty(given: DeadLetterFilter | None) -> None:
    assert parse_dead_letter_filter(given).is_empty


def test_every_condition_is_kept() -> None:
    given = DeadLetterFilter(
        task_id=strawberry.ID(ids.encode_id("Task", "alice/t")),
        workflow="report",
        host="BÜCHER.example",
        error_kind=ErrorKind.DNS,
        finished_after=T0,
        finished_before=T0,
    )
    assert parse_dead_letter_filter(given) == dead_letter_filter.DeadLetterFilter(
        task="alice/t",
        workflow="report",
        host="xn--bcher-kva.example",
        error_kind=ErrorKind.DNS,
        finished_after=T0,
        finished_before=T0,
    )


def test_the_id_of_something_else_matches_nothing_rather_than_all() -> None:
    given = DeadLetterFilter(task_id=strawberry.ID(ids.encode_id("Run", "alice/t:1")))
    found = parse_dead_letter_filter(given)
    assert found.task == ""
    assert not found.is_empty


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (DeadLetterFilter(task_id=strawberry.ID("x")), ("filter", "taskId")),
        (DeadLetterFilter(host="https://example.com"), ("filter", "host")),
        (DeadLetterFilter(host=""), ("filter", "host")),
    ],
)
def test_a_wrong_condition_is_named(given: DeadLetterFilter, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_dead_letter_filter(given)
    assert caught.value.path == path
