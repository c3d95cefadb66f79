"""Selections that a token with WRITE but without READ may make: the object that a mutation changed, nothing beyond it.

Within that object, every composite type is refused unless it is listed as a part of it, so types added to the schema
later are refused by default. The check reads the document, so a mutation whose response would be refused never runs.
Pure.
"""

from collections.abc import Iterator, Mapping

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_operation_ast,
    is_composite_type,
)

CHANGED_TYPES = frozenset({"Node", "Queue"})
"""Types and interfaces of the objects that mutations change."""
CHANGED_PARTS = frozenset(
    {"Job", "Header", "Schedule", "Misfire", "RetryPolicy", "Backoff", "RunError", "RunReplay", "Progress", "StepRun"}
    | {"StepItems", "StepApproval", "ReplayCounts", "ReplaySkip", "ChannelSetting", "CallbackExpectation"}
    | {"ReportRuns"}
)
"""Types of the parts of a changed object."""
READ_ONLY_FIELDS = frozenset(
    {"Run.result", "WorkflowRun.result", "StepRun.result", "Run.progress", "StepRun.progress", "Task.progress"}
    | {"Queue.depth", "Queue.running", "Queue.oldestQueuedAt", "Queue.throughputPerMinute"}
)
"""Leaf fields that reveal data beyond the changed object, such as results and counts."""
_MISSING_SCOPE = "This API token does not have the scope READ, which {} needs: {}"
_EXPLANATION = "a token without it can select only the object that the mutation changed."


def find_read_errors(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> list[GraphQLError]:
    """Return an error for each selection of a mutation that reads beyond the object that it changes.

    The document must be valid. Queries and subscriptions have none.
    """
    operation = get_operation_ast(document, name)
    if operation is None or operation.operation is not OperationType.MUTATION or schema.mutation_type is None:
        return []
    return list(_Walk(schema, document).faults(operation, schema.mutation_type))


class _Walk:
    """A traversal of one operation that visits each fragment at most once inside and once outside a changed object."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        found = (one for one in document.definitions if isinstance(one, FragmentDefinitionNode))
        self._fragments: Mapping[str, FragmentDefinitionNode] = {one.name.value: one for one in found}
        self._seen: set[tuple[str, bool]] = set()

    def faults(self, operation: OperationDefinitionNode, root: GraphQLObjectType) -> Iterator[GraphQLError]:
        yield from self._selected(operation.selection_set, root, inside=False)

    def _selected(
        self, selections: SelectionSetNode, parent: GraphQLNamedType, *, inside: bool
    ) -> Iterator[GraphQLError]:
        for selection in selections.selections:
            if isinstance(selection, FieldNode):
                yield from self._field(selection, parent, inside=inside)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                kind = self._schema.get_type(condition.name.value) if condition else parent
                yield from self._selected(selection.selection_set, kind or parent, inside=inside)
            elif isinstance(selection, FragmentSpreadNode):
                yield from self._fragment(self._fragments[selection.name.value], inside=inside)

    def _fragment(self, fragment: FragmentDefinitionNode, *, inside: bool) -> Iterator[GraphQLError]:
        if (fragment.name.value, inside) not in self._seen:
            self._seen.add((fragment.name.value, inside))
            kind = self._schema.get_type(fragment.type_condition.name.value)
            if kind is not None:
                yield from self._selected(fragment.selection_set, kind, inside=inside)

    def _field(self, node: FieldNode, parent: GraphQLNamedType, *, inside: bool) -> Iterator[GraphQLError]:
        definition = getattr(parent, "fields", {}).get(node.name.value)
        if definition is None:  # __typename
            return
        kind, place = get_named_type(definition.type), f"{parent.name}.{node.name.value}"
        if place in READ_ONLY_FIELDS or (inside and is_composite_type(kind) and not is_changed_part(kind)):
            yield GraphQLError(_MISSING_SCOPE.format(place, _EXPLANATION), [node], extensions={"code": "FORBIDDEN"})
        elif node.selection_set is not None:
            yield from self._selected(node.selection_set, kind, inside=inside or is_changed_type(kind))


def is_changed_type(kind: GraphQLNamedType) -> bool:
    """Tell whether mutations change objects of this type."""
    return not {kind.name, *_interfaces(kind)}.isdisjoint(CHANGED_TYPES)


def is_changed_part(kind: GraphQLNamedType) -> bool:
    """Tell whether this is the type of a part of a changed object."""
    return not {kind.name, *_interfaces(kind)}.isdisjoint(CHANGED_PARTS)


def _interfaces(kind: GraphQLNamedType) -> list[str]:
    return [interface.name for interface in getattr(kind, "interfaces", ())]
