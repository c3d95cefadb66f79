"""What a document asks for: how deep, how many aliases and root fields, and what its answer may cost.

Each fragment is weighed once, so weighing costs no more than reading. Strawberry's own depth and alias limiters walk a
fragment anew at each place it is used, which is exponential in fragments that use each other (1 kB of text: 26 s).

A field of a full answer costs one point. What is inside a list counts for each of its items: of a page as many as are
asked for (`first: $n` counts what $n really is), of the answer to a mutation of many things as many as are given, of
other lists a typical number.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from statistics import mean
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
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
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from tocsin.graphql.paging import DEFAULT_SIZE, LARGEST
from tocsin.tasks.batches import MOST

MUTATION_COST = 100
"""Points of a mutation's root field: it writes."""
ITEM_COST = 10
"""Points of each thing that a mutation of many is given: they are written together."""
EVENTS = 50
"""A subscription costs as much as so many of its events."""
MOST_LEVELS = 150
"""How deep fields and fragments may be nested in all. Fields alone have a smaller limit, which is a setting."""
_SIZES = {"first": DEFAULT_SIZE, "last": DEFAULT_SIZE, "count": 5}
"""Arguments that say how many items are wanted, and how many come without them."""
_GIVEN = {"createTasks": "tasks"}
"""Mutations of many things, and the list in `input` that holds them."""
_ANSWERED = {"CreateTasksPayload.results"}
"""The lists in their answers that have an item for each of these things."""
_LISTS = {"attempts": 5, "CreateTasksResult.userErrors": 1}
"""How many items lists have of which no argument says it, by their names or their places."""
_USUAL_LIST = 10
_DEAR = {"responseBody": 40}
"""Fields that count as so many, because each is a text of many kilobytes."""
_HUGE = 10**12


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part of a document asks for. `width` counts the fields of this level, `each` what an item costs, of a page
    or of `results`.
    """

    depth: int = 0
    aliases: int = 0
    width: int = 0
    cost: float = 0
    each: float = 0
    introspects: bool = False

    def beside(self, other: "Weight") -> "Weight":
        """Both in one selection. Numbers that no limit allows stop growing: they double with each fragment."""
        return Weight(
            max(self.depth, other.depth),
            min(self.aliases + other.aliases, _HUGE),
            min(self.width + other.width, _HUGE),
            min(self.cost + other.cost, _HUGE),
            min(self.each + other.each, _HUGE),
            self.introspects or other.introspects,
        )


@dataclass(frozen=True, slots=True)
class Weighed:
    """The weight of one operation; `fixed` if no variable's value plays a part in it."""

    weight: Weight
    fixed: bool

    @property
    def cost(self) -> int:
        """Points."""
        return math.ceil(self.weight.cost)


def weigh(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]
) -> Weighed:
    """Weigh one operation of a document that need not be valid. Raises GraphQLError if it is nested absurdly deep."""
    scale = _Scale(schema, document, operation, variables)
    root = schema.get_root_type(operation.operation)
    weight = scale.selection(operation.selection_set, root, 0)
    times = EVENTS if root is schema.subscription_type else 1
    return Weighed(replace(weight, cost=min(weight.cost * times, _HUGE)), not scale.asked)


class _Scale:
    """The weighing of one operation. `asked` tells whether a variable's value was asked for."""

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
        self._weights: dict[str, Weight] = {}
        self.asked = False

    def selection(self, selection_set: SelectionSetNode | None, parent: GraphQLNamedType | None, level: int) -> Weight:
        """The weight of what is selected of a type; None stands for a type that there is not."""
        if level > MOST_LEVELS:
            message = f"Fields and fragments are nested more than {MOST_LEVELS} deep."
            raise GraphQLError(message, extensions={"code": "TOO_COMPLEX"})
        weight = Weight()
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                weight = weight.beside(self._field(node, parent, level))
            elif isinstance(node, FragmentSpreadNode):
                weight = weight.beside(self._fragment(node.name.value, level))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                of = self._schema.get_type(condition.name.value) if condition else parent
                weight = weight.beside(self.selection(node.selection_set, of, level + 1))
        return weight

    def _fragment(self, name: str, level: int) -> Weight:
        if name not in self._weights and (node := self._fragments.get(name)):
            self._weights[name] = Weight()  # a fragment that uses itself is refused by the standard's own rules
            of = self._schema.get_type(node.type_condition.name.value)
            self._weights[name] = self.selection(node.selection_set, of, level + 1)
        return self._weights.get(name, Weight())

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, level: int) -> Weight:
        name = node.name.value
        field = _definition(self._schema, parent, name)
        inner = self.selection(node.selection_set, get_named_type(field.type) if field else None, level + 1)
        own = _DEAR.get(name, 1) + (MUTATION_COST if field and parent is self._schema.mutation_type else 0)
        aliases = inner.aliases + int(node.alias is not None)
        if name.startswith("__"):  # introspection may be deep
            return Weight(0, aliases, 1, own + inner.cost, 0, inner.introspects or name != "__typename")
        if field and _is_items(parent, name, field):
            return Weight(inner.depth + 1, aliases, 1, 0, own + inner.cost, inner.introspects)
        cost = self._cost(node, field, parent, own, inner)
        return Weight(inner.depth + 1, aliases, 1, cost, 0, inner.introspects)

    def _cost(
        self, node: FieldNode, field: GraphQLField | None, parent: GraphQLNamedType | None, own: float, inner: Weight
    ) -> float:
        if field is None:
            return own + inner.cost
        if parent is self._schema.mutation_type and node.name.value in _GIVEN:
            return own + inner.cost + self._given(node) * (ITEM_COST + inner.each)
        asked_for = self._asked_for(node, field)
        if asked_for is not None and _is_page(get_named_type(field.type)):
            return own + inner.cost + asked_for * inner.each
        times = _typical(self._schema, parent, node.name.value, field) if asked_for is None else asked_for
        return own + times * (inner.cost if node.selection_set else int(times > 1))

    def _asked_for(self, node: FieldNode, field: GraphQLField) -> int | None:
        """How many items the arguments ask for; None if it has no such arguments."""
        names = [name for name in _SIZES if name in field.args]
        if not names:
            return None
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        sizes = [size for name in names if (size := self._size(given.get(name))) is not None]
        return max(sizes, default=_SIZES[names[0]])

    def _given(self, node: FieldNode) -> int:
        """How many things a mutation of many is given. What cannot be is refused later, whatever is said here."""
        given = next((argument.value for argument in node.arguments or () if argument.name.value == "input"), None)
        things = self._part(self._value(given), _GIVEN[node.name.value])
        return min(len(things), MOST) if isinstance(things, list | tuple) and things else 1

    def _value(self, node: Any) -> Any:
        """What a value in the document stands for: of a variable what was sent, else the node, of a list its nodes."""
        if isinstance(node, VariableNode):
            self.asked = True
            name = node.name.value
            return self._variables[name] if name in self._variables else self._value(self._defaults.get(name))
        return node.values if isinstance(node, ListValueNode) else node

    def _part(self, value: Any, name: str) -> Any:
        """What stands at this name of an object, which was sent or is in the document."""
        if isinstance(value, ObjectValueNode):
            return self._value(next((field.value for field in value.fields if field.name.value == name), None))
        return value.get(name) if isinstance(value, Mapping) else None

    def _size(self, node: Any) -> int | None:
        """What an argument asks for; None if nothing. What cannot be is refused later, whatever is said here."""
        if isinstance(node, VariableNode):
            self.asked = True
            name = node.name.value
            if name not in self._variables:
                return self._size(self._defaults.get(name))
            value = self._variables[name]
            if value is None:
                return None
            return min(max(int(value), 1), LARGEST) if isinstance(value, int) else LARGEST
        if isinstance(node, IntValueNode):
            return min(max(int(node.value[:6]), 1), LARGEST) if node.value[:6] != "-" else 1
        return None


def _definition(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
        return schema.get_field(parent, name)
    return None


def _is_page(parent: GraphQLNamedType | None) -> bool:
    return parent is not None and parent.name.endswith("Connection")


def _is_items(parent: GraphQLNamedType | None, name: str, field: GraphQLField) -> bool:
    """Whether what is inside counts as often as the arguments of the field around it say."""
    return _is_list(field) and (_is_page(parent) or _place(parent, name) in _ANSWERED)


def _place(parent: GraphQLNamedType | None, name: str) -> str:
    return name if parent is None else f"{parent.name}.{name}"


def _is_list(field: GraphQLField) -> bool:
    return is_list_type(get_nullable_type(field.type))


def _typical(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str, field: GraphQLField) -> float:
    """How often what is inside is answered, if no argument says it."""
    if parent is not None and parent.name.startswith("__"):
        return _usual_introspection(schema).get(name, 1)
    if not _is_list(field) or not is_composite_type(get_named_type(field.type)):
        return 1
    return _LISTS.get(_place(parent, name), _LISTS.get(name, _USUAL_LIST))


@cache
def _usual_introspection(schema: GraphQLSchema) -> dict[str, float]:
    """How many items the lists that describe a type have in this schema, on average over all its types."""
    types = list(schema.type_map.values())
    fields = [
        list(type_.fields.values()) for type_ in types if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)
    ]
    inputs = [len(type_.fields) for type_ in types if isinstance(type_, GraphQLInputObjectType)]
    values = [len(type_.values) for type_ in types if isinstance(type_, GraphQLEnumType)]
    return {
        "types": len(types),
        "fields": sum(map(len, fields)) / len(types),
        "args": mean(len(field.args) for some in fields for field in some),
        "inputFields": sum(inputs) / len(types),
        "enumValues": sum(values) / len(types),
        "interfaces": 0.2,
        "possibleTypes": 0.2,
        "ofType": 0.5,
        "directives": len(schema.directives),
    }
