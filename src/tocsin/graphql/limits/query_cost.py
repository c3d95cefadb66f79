"""Depth, aliases, root fields and cost of an operation, calculated from its document.

Each fragment is visited once, so the calculation is linear in the document. Strawberry's depth and alias limiters visit
a fragment again at each place it is used, which is exponential in fragments that use each other (1 kB of text: 26 s).

Every field of a full response costs one point. The fields of a list are multiplied by its number of items: for a page,
the requested number (`first: $n` uses the value of $n); for the result of a batch mutation, the number of objects in
its input; for other lists, a typical number.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from tocsin.documents.paging import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from tocsin.graphql.limits.list_lengths import is_list, name_place, typical_length
from tocsin.tasks.bulk_creation import MAX_TASKS

MUTATION_COST = 100
"""Points of a mutation's root field, because it writes."""
ITEM_COST = 10
"""Points of each object in the input of a batch mutation. Less than a mutation each: they are written together."""
SUBSCRIPTION_EVENTS = 50
"""Number of events that a subscription is charged for."""
MAX_NESTING = 150
"""Deepest nesting of fields and fragments together. Fields alone have a lower limit, TOCSIN_MAX_DEPTH."""
_SIZES = {"first": DEFAULT_PAGE_SIZE, "last": DEFAULT_PAGE_SIZE, "count": 5}
"""Arguments that set the number of items, and the number if they are omitted."""
_BATCH_INPUTS = {
    "createTasks": "tasks",
    "pauseTasks": "ids",
    "resumeTasks": "ids",
    "runTasks": "ids",
    "deleteTasks": "ids",
}
"""Batch mutations, and the list of objects in their `input`."""
_BATCH_RESULTS = {
    "CreateTasksPayload.results",
    "PauseTasksPayload.results",
    "ResumeTasksPayload.results",
    "RunTasksPayload.results",
    "DeleteTasksPayload.results",
}
"""Lists in their results with one item for each object."""
_EXPENSIVE = {"responseBody": 40, "workflowErrors": 50}
"""Points of fields that are expensive: their value can have many kilobytes, or takes milliseconds to calculate."""
_CAP = 10**12


@dataclass(frozen=True, slots=True)
class SelectionCost:
    """The size of a selection.

    `width` is the number of fields at its top level, `item_cost` the cost per item of the page or the `results` around
    it.
    """

    depth: int = 0
    aliases: int = 0
    width: int = 0
    cost: float = 0
    item_cost: float = 0
    introspects: bool = False

    def merge(self, other: "SelectionCost") -> "SelectionCost":
        """Add another part of the same selection. Totals are capped, because nested fragments double them."""
        return SelectionCost(
            max(self.depth, other.depth),
            min(self.aliases + other.aliases, _CAP),
            min(self.width + other.width, _CAP),
            min(self.cost + other.cost, _CAP),
            min(self.item_cost + other.item_cost, _CAP),
            self.introspects or other.introspects,
        )


@dataclass(frozen=True, slots=True)
class OperationCost:
    """The cost of one operation, which depends on these variables, whatever their values are."""

    selection: SelectionCost
    variables: tuple[str, ...]

    @property
    def cost(self) -> int:
        """Cost of the operation in points, rounded up."""
        return math.ceil(self.selection.cost)


def measure_cost(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> OperationCost:
    """Calculate the cost of one operation of a document, which need not be valid.

    Raises GraphQLError if fields and fragments are nested too deeply.
    """
    calculator = _CostCalculator(schema, document, operation, variables)
    root = schema.get_root_type(operation.operation)
    selection = calculator.measure_selection(operation.selection_set, root, 0)
    times = SUBSCRIPTION_EVENTS if root is schema.subscription_type else 1
    cost = min(selection.cost * times, _CAP)
    return OperationCost(replace(selection, cost=cost), tuple(sorted(calculator.read_variables)))


class _CostCalculator:
    """The calculation for one operation. `read_variables` are the names of those that it needed."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        nodes = document.definitions
        self._schema = schema
        self._fragments = {node.name.value: node for node in nodes if isinstance(node, FragmentDefinitionNode)}
        self._variables = variables
        self._defaults = {node.variable.name.value: node.default_value for node in operation.variable_definitions or ()}
        self._fragment_costs: dict[str, SelectionCost] = {}
        self.read_variables: set[str] = set()

    def measure_selection(
        self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None, level: int
    ) -> SelectionCost:
        """Return the cost of a selection on a type; None stands for an unknown type."""
        if level > MAX_NESTING:
            message = f"Fields and fragments are nested more than {MAX_NESTING} levels deep."
            raise GraphQLError(message, extensions={"code": "TOO_COMPLEX"})
        total = SelectionCost()
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                total = total.merge(self._measure_field(node, parent, level))
            elif isinstance(node, FragmentSpreadNode):
                total = total.merge(self._measure_fragment(node.name.value, level))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                of = self._schema.get_type(condition.name.value) if condition else parent
                total = total.merge(self.measure_selection(node.selection_set, of, level + 1))
        return total

    def _measure_fragment(self, name: str, level: int) -> SelectionCost:
        if name not in self._fragment_costs and (node := self._fragments.get(name)):
            self._fragment_costs[name] = SelectionCost()  # cycles of fragments are refused by validation
            of = self._schema.get_type(node.type_condition.name.value)
            self._fragment_costs[name] = self.measure_selection(node.selection_set, of, level + 1)
        return self._fragment_costs.get(name, SelectionCost())

    def _measure_field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> SelectionCost:
        name = node.name.value
        field = _definition(self._schema, parent, name)
        inner = self.measure_selection(node.selection_set, get_named_type(field.type) if field else None, level + 1)
        own = _EXPENSIVE.get(name, 1) + (MUTATION_COST if field and parent is self._schema.mutation_type else 0)
        aliases = inner.aliases + int(node.alias is not None)
        if name.startswith("__"):  # introspection is not limited in depth
            return SelectionCost(0, aliases, 1, own + inner.cost, 0, inner.introspects or name != "__typename")
        if field and _is_item_list(parent, name, field):
            return SelectionCost(inner.depth + 1, aliases, 1, 0, own + inner.cost, inner.introspects)
        cost = self._calculate_cost(node, field, parent, own, inner)
        return SelectionCost(inner.depth + 1, aliases, 1, cost, 0, inner.introspects)

    def _calculate_cost(
        self,
        node: FieldNode,
        field: GraphQLField | None,
        parent: GraphQLNamedType | None,
        own: float,
        inner: SelectionCost,
    ) -> float:
        if field is None:
            return own + inner.cost
        if parent is self._schema.mutation_type and node.name.value in _BATCH_INPUTS:
            return own + inner.cost + self._batch_size(node) * (ITEM_COST + inner.item_cost)
        requested = self._requested_size(node, field)
        if requested is not None and _is_page(get_named_type(field.type)):
            return own + inner.cost + requested * inner.item_cost
        times = typical_length(self._schema, parent, node.name.value, field) if requested is None else requested
        return own + times * (inner.cost if node.selection_set else int(times > 1))

    def _requested_size(self, node: FieldNode, field: GraphQLField) -> int | None:
        """Return the number of items that the arguments request; None if the field has no such arguments."""
        names = [name for name in _SIZES if name in field.args]
        if not names:
            return None
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes = [size for name in names if (size := self._size(given.get(name))) is not None]
        return max(sizes, default=_SIZES[names[0]])

    def _batch_size(self, node: FieldNode) -> int:
        """Return the number of objects in a batch mutation's input. Invalid input counts as 1 and is refused later."""
        given = next((argument.value for argument in node.arguments or () if argument.name.value == "input"), None)
        things = self._member(self._value(given), _BATCH_INPUTS[node.name.value])
        return min(len(things), MAX_TASKS) if isinstance(things, list | tuple) and things else 1

    def _value(self, node: Any) -> Any:
        """Resolve a value of the document: a variable to its value or default, a list to its nodes."""
        if isinstance(node, VariableNode):
            name = node.name.value
            self.read_variables.add(name)
            return self._variables[name] if name in self._variables else self._value(self._defaults.get(name))
        return node.values if isinstance(node, ListValueNode) else node

    def _member(self, value: Any, name: str) -> Any:
        """Return a field of an object, which is a variable's value or a literal."""
        if isinstance(value, ObjectValueNode):
            return self._value(next((field.value for field in value.fields if field.name.value == name), None))
        return value.get(name) if isinstance(value, Mapping) else None

    def _size(self, node: Any) -> int | None:
        """Return the number of items that an argument requests; None without one. Invalid values are refused later."""
        if isinstance(node, VariableNode):
            name = node.name.value
            self.read_variables.add(name)
            if name not in self._variables:
                return self._size(self._defaults.get(name))
            value = self._variables[name]
            if value is None:
                return None
            return min(max(int(value), 1), MAX_PAGE_SIZE) if isinstance(value, int) else MAX_PAGE_SIZE
        if isinstance(node, IntValueNode):
            return min(max(int(node.value[:6]), 1), MAX_PAGE_SIZE) if node.value[:6] != "-" else 1
        return None


def _definition(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return schema.get_field(parent, name)
    return None


def _is_page(parent: GraphQLNamedType | None) -> bool:
    return parent is not None and parent.name.endswith("Connection")


def _is_item_list(parent: GraphQLNamedType | None, name: str, field: GraphQLField) -> bool:
    """Tell whether the items are counted by the size argument or input of the field around the list."""
    return is_list(field) and (_is_page(parent) or name_place(parent, name) in _BATCH_RESULTS)
