"""The fields that an operation selects, so that lists do not read what nobody asks for."""

from collections.abc import Collection, Iterator, Mapping

from graphql import FieldNode, InlineFragmentNode, SelectionSetNode

from tocsin.graphql.context import Info

PartReaders = Mapping[str, Collection[str]]
"""Large parts of stored documents, and the fields of the API that read each of them."""


def find_unread(info: Info, readers: PartReaders) -> list[str]:
    """Return the parts that no selected field reads."""
    selected = selected_names(info)
    return [part for part, fields in readers.items() if selected.isdisjoint(fields)]


def selected_names(info: Info) -> frozenset[str]:
    """Return the names of all fields in the operation and the fragments of its document, also of skipped ones."""
    fragments = info._raw_info.fragments.values()
    places = [info._raw_info.operation.selection_set, *(fragment.selection_set for fragment in fragments)]
    return frozenset(name for place in places for name in _names(place))


def _names(selections: SelectionSetNode) -> Iterator[str]:
    for node in selections.selections:
        if isinstance(node, FieldNode):
            yield node.name.value
        if isinstance(node, FieldNode | InlineFragmentNode) and node.selection_set is not None:
            yield from _names(node.selection_set)
