"""How much one document may ask for. Each fragment is weighed once, so that weighing costs no more than reading.

Strawberry's own depth and alias limiters walk a fragment anew at each place it is used, which is exponential in
fragments that use each other (1 kB of text: 26 s).
"""

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MAX_TOKENS = 4_000
MAX_DEPTH = 20
MAX_ALIASES = 50
MAX_COST = 50_000
MAX_FRAGMENTS = 60
MAX_SAME_FIELDS = 100
"""Fields of one answer name in one selection: validation compares each with each."""
_PAGED = {"tasks": 20, "runs": 20, "attempts": 5}
_DEAR = {"responseBody": 40, "responseHeaders": 10}
"""Fields that count as so many, because each is a text of many kilobytes."""
_PAGE_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Weight:
    """What a part of a document asks for: `cost` counts the fields of a full answer."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0

    def beside(self, other: "Weight") -> "Weight":
        """Both in one selection."""
        aliases, cost = self.aliases + other.aliases, self.cost + other.cost
        return Weight(max(self.depth, other.depth), min(aliases, MAX_ALIASES + 1), min(cost, MAX_COST + 1))


def excess(document: DocumentNode) -> GraphQLError | None:
    """What the document asks too much of, as an error with the code TOO_COMPLEX; None if it may be answered."""
    scale = _Scale(document)
    fault = scale.fault()
    return None if fault is None else GraphQLError(fault, extensions={"code": "TOO_COMPLEX"})


class _Scale:
    def __init__(self, document: DocumentNode) -> None:
        definitions = document.definitions
        self._fragments = {node.name.value: node for node in definitions if isinstance(node, FragmentDefinitionNode)}
        self._operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        self._definitions = len(definitions)
        self._weights: dict[str, Weight] = {}
        self._crowded = False

    def fault(self) -> str | None:
        if self._definitions > MAX_FRAGMENTS:
            return f"The document has more than {MAX_FRAGMENTS} operations and fragments."
        weights = [self._selection(operation.selection_set) for operation in self._operations]
        weights += [self._fragment(name) for name in self._fragments]
        if self._crowded:
            return f"One field is selected more than {MAX_SAME_FIELDS} times in one place."
        if any(weight.depth > MAX_DEPTH for weight in weights):
            return f"The fields are nested more than {MAX_DEPTH} deep."
        if any(weight.aliases > MAX_ALIASES for weight in weights):
            return f"There are more than {MAX_ALIASES} aliases."
        if any(weight.cost > MAX_COST for weight in weights):
            return f"The answer could have more than {MAX_COST} fields. Ask for smaller pages."
        return None

    def _fragment(self, name: str) -> Weight:
        if name not in self._weights and name in self._fragments:
            self._weights[name] = Weight()  # a fragment that uses itself is refused by the standard's own rules
            self._weights[name] = self._selection(self._fragments[name].selection_set)
        return self._weights.get(name, Weight())

    def _selection(self, selection_set: SelectionSetNode | None) -> Weight:
        weight = Weight()
        names: dict[str, int] = {}
        for node in selection_set.selections if selection_set else ():
            weight = weight.beside(self._node(node))
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                names[name] = names.get(name, 0) + 1
        self._crowded = self._crowded or max(names.values(), default=0) > MAX_SAME_FIELDS
        return weight

    def _node(self, node: Any) -> Weight:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, InlineFragmentNode):
            return self._selection(node.selection_set)
        inner = self._selection(node.selection_set)
        if node.name.value.startswith("__"):
            return Weight(0, int(node.alias is not None), 1)  # introspection is small, however deep it goes
        return Weight(inner.depth + 1, inner.aliases + int(node.alias is not None), _cost(node, inner))


def _cost(node: FieldNode, inner: Weight) -> int:
    return _DEAR.get(node.name.value, 1) + _page(node) * inner.cost


def _page(node: FieldNode) -> int:
    """How many times the fields inside may be answered."""
    sizes = [_size(argument.value) for argument in node.arguments or () if argument.name.value in {"first", "last"}]
    return max(sizes, default=_PAGED.get(node.name.value, 1))


def _size(value: Any) -> int:
    if not isinstance(value, IntValueNode) or len(value.value) > 6:
        return _PAGE_LIMIT
    return min(max(int(value.value), 1), _PAGE_LIMIT)
