"""Secrets that stand in a workflow: sealed when it is saved, opened when a step begins, never shown. Pure."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tocsin.documents import Doc
from tocsin.errors import InvalidInput
from tocsin.jobs import registry

MASK = "***"
"""What is shown in the place of a secret, and what keeps it when a workflow is saved with it."""
_HIDDEN = "$secret"


def hide(data: Mapping[str, Any], seal: Callable[[str], str], before: Mapping[str, str]) -> tuple[Doc, dict[str, str]]:
    """The workflow without its secrets, and these by their places. `before` are those of the version before.

    Raises InvalidInput for a mask in the place of a secret that is not there.
    """
    secrets: dict[str, str] = {}

    def hidden(place: str, given: Any) -> Doc:
        text = given if isinstance(given, str) else json.dumps(given)  # the value of a header may be a number
        if text != MASK:
            secrets[place] = seal(text)
        elif place in before:
            secrets[place] = before[place]
        else:
            raise InvalidInput(f"{MASK} keeps a stored secret, and there is none at {place}. Write the secret.", "yaml")
        return {_HIDDEN: place}

    steps = [_without(step, str(step.get("key")), hidden) for step in data["steps"]]
    return {**data, "steps": steps}, secrets


def reveal(value: Any, secrets: Mapping[str, str | None]) -> Any:
    """The value with its secrets again. Raises InvalidInput for one that could not be opened (None)."""
    if isinstance(value, Mapping):
        if set(value) == {_HIDDEN}:
            return _opened(value[_HIDDEN], secrets)
        return {name: reveal(part, secrets) for name, part in value.items()}
    return [reveal(part, secrets) for part in value] if isinstance(value, list) else value


def _opened(place: str, secrets: Mapping[str, str | None]) -> str:
    secret = secrets[place]
    if secret is None:
        raise InvalidInput(f"The secret at {place} cannot be decrypted with the present key. Save it again.")
    return secret


def mask(value: Any) -> Any:
    """The value as it may be shown."""
    if isinstance(value, Mapping):
        return MASK if set(value) == {_HIDDEN} else {name: mask(part) for name, part in value.items()}
    return [mask(part) for part in value] if isinstance(value, list) else value


def _without(step: Mapping[str, Any], place: str, hidden: Callable[[str, Any], Doc]) -> Doc:
    changed = dict(step)
    for what, suffix in ((step, ""), (step.get("compensation") or {}, ".compensation")):
        if isinstance(what.get("job"), str) and isinstance(what.get("params"), Mapping):
            params = _hidden_in(what["job"], what["params"], f"{place}{suffix}", hidden)
            if suffix:
                changed["compensation"] = {**what, "params": params}
            else:
                changed["params"] = params
    return changed


def _hidden_in(kind: str, params: Mapping[str, Any], place: str, hidden: Callable[[str, Any], Doc]) -> Any:
    changed: Any = params
    for path in registry.get(kind).secrets(params):
        changed = _replaced(changed, path, partial(hidden, ".".join((place, *path))))
    return changed


def _replaced(value: Mapping[str, Any], path: tuple[str, ...], change: Callable[[Any], Any]) -> Doc:
    name, rest = path[0], path[1:]
    return {**value, name: _replaced(value[name], rest, change) if rest else change(value[name])}
