"""Validation of the uses of named secrets in a workflow. Pure."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from tocsin.named_secrets.references import NAME_PATTERN
from tocsin.value_bounds import ValuePath
from tocsin.workflows.language import expressions

_ROOT = "secrets"
_ALONE = re.compile(rf" {{0,20}}secrets\.({NAME_PATTERN}) {{0,20}}")
_PLACES = frozenset({"url", "headers", "token", "body", "bodyText", "body_text", "bodyForm", "body_form"})
"""Parameters of an http job that named secrets can be part of."""
_NOT_HERE = (
    "secrets are available only in the url, headers, token and body of an http job: elsewhere, they would be recorded."
)
_NOT_ALONE = "A secret stands alone in its expression, as ${{ secrets.name }}: it is inserted when it is sent."


def find_secret_faults(
    value: Any, path: ValuePath, explain_unknown: Callable[[str], str | None], *, is_call: bool
) -> Iterator[tuple[ValuePath, str]]:
    """Yield the faults of the expressions with secrets in a value, with their paths.

    Without `is_call`, it is not the parameters of an http job, which are sent: what is evaluated there is recorded.
    """
    if expressions.find_faults(value):
        return
    for place, expression, roots in expressions.iter_expressions(value):
        if _ROOT not in roots:
            continue
        alone = _ALONE.fullmatch(expression)
        if not is_call or not place or place[0] not in _PLACES:
            yield (*path, *place), _NOT_HERE
        elif alone is None:
            yield (*path, *place), _NOT_ALONE
        elif (unknown := explain_unknown(alone[1])) is not None:
            yield (*path, *place), unknown
