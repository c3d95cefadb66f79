"""Which subscriptions get the same events: equal operations of one owner with the same permissions. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import FieldNode, Node, OperationDefinitionNode, VariableNode
from graphql.execution import Executor

from tocsin.documents import Scope
from tocsin.events import ChangeFilter
from tocsin.graphql.sharing.delivery import Delivery

MAX_VARIABLES_LENGTH = 4_096
"""Length in characters, as JSON, up to which variables are compared. With longer ones, a subscription is alone."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a caller may see, beyond who they are."""

    scopes: frozenset[Scope]
    is_admin: bool
    sees_suggestions: bool


@dataclass(frozen=True, slots=True)
class SharedOperation:
    """Identifies a subscription whose events are the same for all of its subscribers.

    `variables` are those that its selection uses, as JSON: where a subscriber starts and ends is their own.
    """

    query: str
    operation_name: str | None
    variables: str
    filter: ChangeFilter
    permissions: Permissions


def find_shared_operation(
    delivery: Delivery, filter_: ChangeFilter, permissions: Permissions
) -> SharedOperation | None:
    """Return what identifies a subscription that has an executor; None if it cannot be shared."""
    if delivery.executor is None:
        return None
    names = variables_of_selection(delivery.executor)
    given = {name: value for name, value in (delivery.variables or {}).items() if name in names}
    variables = json.dumps(given, sort_keys=True)
    if len(variables) > MAX_VARIABLES_LENGTH:
        return None
    return SharedOperation(delivery.query, delivery.operation_name, variables, filter_, permissions)


def variables_of_selection(executor: Executor[Any]) -> set[str]:
    """Return the names of the variables that decide what is selected from an event.

    That excludes the arguments of the root field, which decide only which events there are.
    """
    return set(_variables_in([*_nodes_of_operation(executor.operation), *executor.fragment_definitions.values()]))


def _nodes_of_operation(operation: OperationDefinitionNode) -> Iterator[Node]:
    yield from operation.directives or ()
    for selection in operation.selection_set.selections:
        if isinstance(selection, FieldNode):
            yield from selection.directives or ()
            if selection.selection_set is not None:
                yield selection.selection_set
        else:
            yield selection


def _variables_in(nodes: list[Node]) -> Iterator[str]:
    while nodes:
        node = nodes.pop()
        if isinstance(node, VariableNode):
            yield node.name.value
        for key in node.keys:
            value: Any = getattr(node, key, None)
            nodes += [
                child for child in (value if isinstance(value, list | tuple) else (value,)) if isinstance(child, Node)
            ]
