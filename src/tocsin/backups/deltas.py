"""Application of a change stream's update descriptions to documents.

A document may already include the change, and later ones too. Once all changes up to some moment have been applied in
order, the document is in its state at that moment.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FieldPath = list[str | int]


def apply_update(document: dict[str, Any], description: Mapping[str, Any]) -> None:
    """Apply an event's `updateDescription` to the document, in place.

    Field names may contain dots. Where that makes a path ambiguous, `disambiguatedPaths` decides, or else the fields
    that the document has.
    """
    known: Mapping[str, FieldPath] = description.get("disambiguatedPaths") or {}
    for array in description.get("truncatedArrays") or ():
        _truncate(document, known.get(array["field"]) or _split(document, array["field"]), array["newSize"])
    for name, value in (description.get("updatedFields") or {}).items():
        _set(document, known.get(name) or _split(document, name), value)
    for name in description.get("removedFields") or ():
        _remove(document, known.get(name) or _split(document, name))


def _split(container: Any, text: str) -> FieldPath:
    """Split a dotted path, preferring field names that exist in this document.

    Top-level fields have no dots in their names; fields of users' data below them may.
    """
    first, *parts = text.split(".")
    path: FieldPath = [first]
    container = _child(container, first)
    while parts:
        name = _first_name(container, parts)
        path.append(name)
        parts = parts[name.count(".") + 1 :]
        container = _child(container, name)
    return path


def _first_name(container: Any, parts: Sequence[str]) -> str:
    if not isinstance(container, dict) or parts[0] in container:
        return parts[0]
    names = [".".join(parts[:length]) for length in range(len(parts), 1, -1)]
    # An event for a new field has its whole value, so a missing name is not followed by further parts.
    return next((name for name in names if name in container), ".".join(parts) if container else parts[0])


def _child(container: Any, name: str | int) -> Any:
    if isinstance(container, list):
        position = int(name) if str(name).isdigit() else -1
        return container[position] if 0 <= position < len(container) else None
    return container.get(name) if isinstance(container, dict) else None


def _parent(document: dict[str, Any], path: FieldPath) -> Any:
    container: Any = document
    for name in path[:-1]:
        below = _child(container, name)
        if not isinstance(below, dict | list):
            below = {}
            _put(container, name, below)
        container = below
    return container


def _set(document: dict[str, Any], path: FieldPath, value: Any) -> None:
    parent = _parent(document, path)
    _remove_guessed_fields(parent, path)
    _put(parent, path[-1], value)


def _remove_guessed_fields(parent: Any, path: FieldPath) -> None:
    """Remove fields whose dotted names were guessed for a path into a field that did not exist."""
    if isinstance(parent, dict) and len(path) > 1:
        for name in [name for name in parent if name.startswith(f"{path[-1]}.")]:
            del parent[name]


def _put(container: Any, name: str | int, value: Any) -> None:
    if isinstance(container, dict):
        container[str(name)] = value
    elif str(name).isdigit():
        container.extend([None] * (int(name) + 1 - len(container)))
        container[int(name)] = value


def _remove(document: dict[str, Any], path: FieldPath) -> None:
    container: Any = document
    for name in path[:-1]:
        container = _child(container, name)
    if isinstance(container, dict):
        _remove_guessed_fields(container, path)
        container.pop(str(path[-1]), None)


def _truncate(document: dict[str, Any], path: FieldPath, size: int) -> None:
    container: Any = document
    for name in path:
        container = _child(container, name)
    if isinstance(container, list):
        del container[size:]
