"""Messages for JMESPath errors. Pure."""

import json
from typing import Any

from jmespath import exceptions

_LONGEST_SHOWN = 60
"""Maximum number of characters of a string quoted in a message."""


def find_position(error: exceptions.JMESPathError) -> int | None:
    """Return the position of the error in the expression, in characters; None if it has none."""
    position = getattr(error, "lex_position", None)
    return position if isinstance(position, int) else None


def describe_error(error: exceptions.JMESPathError) -> str:
    """Describe the error in a sentence, without quoting large values."""
    if isinstance(error, exceptions.JMESPathTypeError):
        expected = " or ".join(map(str, error.expected_types))
        return f"function {error.function_name}() expects {expected}, not {_format_value(error.current_value)}."
    if isinstance(error, exceptions.EmptyExpressionError):
        return "it is empty."
    if isinstance(error, exceptions.IncompleteExpressionError):
        return "it ends too early."
    if isinstance(error, exceptions.LexerError):
        return f"{error.message or 'unexpected character'}."
    if isinstance(error, exceptions.ArityError):  # a ParseError without a token
        least = "at least " if isinstance(error, exceptions.VariadictArityError) else ""
        expected = f"{least}{error.expected_arity} argument{'' if error.expected_arity == 1 else 's'}"
        return f"function {error.function_name}() expects {expected}, not {error.actual_arity}."
    if isinstance(error, exceptions.ParseError):
        return f"unexpected {error.token_value!r}." if error.token_value else "it ends too early."
    return f"{str(error).rstrip('.')}."


def _format_value(value: Any) -> str:
    """Format a value for a message: only the type of an array or an object, which may have any size."""
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "an object"
    if isinstance(value, str):
        return json.dumps(value[:_LONGEST_SHOWN], ensure_ascii=False)
    return json.dumps(value) if isinstance(value, bool | int | float | None) else "an expression (&)"
