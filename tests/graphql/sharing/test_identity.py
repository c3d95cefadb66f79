"""Which subscriptions are the same."""

from typing import Any

import pytest
from graphql import parse

from tests.graphql.conftest import Api
from tocsin.documents import Scope
from tocsin.events import ChangeFilter
from tocsin.graphql.context import Context
from tocsin.graphql.limits.guarded_schema import GuardedExecutionContext
from tocsin.graphql.schema import schema
from tocsin.graphql.sharing.delivery import Delivery, Outlet
from tocsin.graphql.sharing.identity import (
    MAX_VARIABLES_LENGTH,
    Permissions,
    SharedOperation,
    find_shared_operation,
    variables_of_selection,
)

USER = Permissions(frozenset(Scope), is_admin=False, sees_suggestions=True)
MINE = ChangeFilter("alice")
DOCUMENT = """
subscription S($id: ID, $after: DateTime, $limit: Int, $show: Boolean = true, $skip: Int) {
  taskEvents(taskId: $id, after: $after, limit: $limit) @include(if: $show) { kind task { ...Runs } }
}
fragment Runs on Task { runs(first: $skip) { totalCount } }
"""


def operation(
    api: Api,
    outlet: Outlet,
    variables: Any,
    document: str = DOCUMENT,
    filter_: ChangeFilter = MINE,
    permissions: Permissions = USER,
) -> SharedOperation | None:
    executor = GuardedExecutionContext.build(
        schema._schema, parse(document), None, Context(api.services, "r1", None), variables, "S"
    )
    assert isinstance(executor, GuardedExecutionContext), executor
    return find_shared_operation(Delivery(document, "S", variables, outlet, executor), filter_, permissions)


@pytest.fixture
def outlet() -> Outlet:
    return None  # type: ignore[return-value]  # identifying an operation sends nothing


def test_the_variables_of_the_selection_are_those_outside_the_arguments_of_the_event(api: Api) -> None:
    executor = GuardedExecutionContext.build(schema._schema, parse(DOCUMENT), None, Context(api.services, "r1", None))
    assert isinstance(executor, GuardedExecutionContext)
    assert variables_of_selection(executor) == {"show", "skip"}


def test_where_a_subscriber_starts_and_ends_is_its_own(api: Api, outlet: Outlet) -> None:
    given = {"skip": 1}
    same = operation(api, outlet, given | {"after": "2026-01-01T00:00:00Z", "limit": 3, "other": 5})
    assert same is not None
    assert same == operation(api, outlet, given)


def test_what_selects_something_else_is_something_else(api: Api, outlet: Outlet) -> None:
    admin = Permissions(frozenset(Scope), is_admin=True, sees_suggestions=True)
    reader = Permissions(frozenset({Scope.READ}), is_admin=False, sees_suggestions=True)
    found = [
        operation(api, outlet, {}),
        operation(api, outlet, {"skip": 1}),
        operation(api, outlet, {"skip": None}),
        operation(api, outlet, {"show": True}),
        operation(api, outlet, {}, DOCUMENT + "# other text"),
        operation(api, outlet, {}, filter_=ChangeFilter("bob")),
        operation(api, outlet, {}, filter_=ChangeFilter("alice", "alice/t")),
        operation(api, outlet, {}, filter_=ChangeFilter("alice", workflows=True)),
        operation(api, outlet, {}, permissions=admin),
        operation(api, outlet, {}, permissions=reader),
    ]
    assert None not in found
    assert len(set(found)) == len(found)


def test_long_variables_and_operations_without_an_executor_are_not_shared(api: Api, outlet: Outlet) -> None:
    document = "subscription S($f: RunFilter) { taskEvents { task { runs(filter: $f) { totalCount } } } }"
    assert operation(api, outlet, {"f": {"taskId": "x"}}, document) is not None
    assert operation(api, outlet, {"f": {"taskId": "x" * MAX_VARIABLES_LENGTH}}, document) is None
    assert find_shared_operation(Delivery(DOCUMENT, None, None, outlet), MINE, USER) is None
