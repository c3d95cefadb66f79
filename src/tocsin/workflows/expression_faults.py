"""Why JMESPath refuses an expression, in the words of its user. Pure."""

import json
from typing import Any

from jmespath import exceptions

_LONGEST_SHOWN = 60
"""Characters of a text in a message."""


def position_of(error: exceptions.JMESPathError) -> int | None:
    """The place of the fault in the expression, in characters; None if it has none."""
    position = getattr(error, "lex_position", None)
    return position if isinstance(position, int) else None


def reason_of(error: exceptions.JMESPathError) -> str:
    """The fault as a sentence, whatever the size of the value that it is about."""
    if isinstance(error, exceptions.JMESPathTypeError):
        expected = " or ".join(map(str, error.expected_types))
        return f"In function {error.function_name}(), {_shown(error.current_value)} is no {expected}."
    if isinstance(error, exceptions.EmptyExpressionError):
        return "it is empty."
    if isinstance(error, exceptions.IncompleteExpressionError):
        return "it ends too early."
    if isinstance(error, exceptions.LexerError):
        return f"{error.message or 'there is a character that does not belong there'}."
    if isinstance(error, exceptions.ParseError):
        return f"{error.token_value!r} does not belong there." if error.token_value else "it ends too early."
    return f"{str(error).rstrip('.')}."


def _shown(value: Any) -> str:
    """A value in a message: of a list or an object only what it is, for it may be of any size."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    if isinstance(value, str):
        return json.dumps(value[:_LONGEST_SHOWN], ensure_ascii=False)
    return json.dumps(value) if isinstance(value, bool | int | float | None) else "an expression (&)"
