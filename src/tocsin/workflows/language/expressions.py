"""Expressions of workflows: JMESPath in `${{ … }}`, evaluated when a step starts. Pure.

A string that is a single expression becomes its value, of any type. Expressions inside a longer string are inserted as
text. `$${{` is an escaped `${{`.
"""

import difflib
import json
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import jmespath
from jmespath import exceptions
from jmespath.parser import ParsedResult

from tocsin.errors import TocsinError
from tocsin.workflows.language.expression_faults import describe_error, find_position
from tocsin.workflows.language.jmespath_budget import (
    Budget,
    BudgetExceededError,
    EvaluationTimeoutError,
    MeteredFunctions,
    MeteredInterpreter,
)
from tocsin.workflows.language.jmespath_costs import CHARACTERS_PER_PART


class EvaluationError(TocsinError):
    """A value cannot be evaluated. The message is a sentence."""


MAX_EXPRESSION_LENGTH = 2_000
"""Maximum length of an expression, in characters."""
_BEGIN, _END = "${{", "}}"
Path = tuple[str | int, ...]


class ExpressionError(EvaluationError):
    """An expression cannot be parsed or evaluated. `position` is the offset of the error in `text`, in characters."""

    def __init__(self, text: str, message: str, position: int | None = None) -> None:
        place = "" if position is None else f", at character {position + 1}"
        super().__init__(f"The expression `{text.strip()}` cannot be evaluated{place}: {message}")
        self.text, self.position, self.message = text, position, message


@dataclass(frozen=True, slots=True)
class ExpressionFault:
    """An error in an expression, and the path of its text in a JSON value."""

    path: Path
    message: str


_KNOWN = frozenset(MeteredFunctions.FUNCTION_TABLE)
_OPTIONS = jmespath.Options(custom_functions=MeteredFunctions())


def find_faults(value: Any) -> list[ExpressionFault]:
    """Return the faults of all expressions in a JSON value that can be found without evaluating them."""
    found: list[ExpressionFault] = []
    for path, text in _iter_texts(value):
        if _has_unclosed(text):
            found.append(ExpressionFault(path, f"The expression in {text[:80]!r} has no end: `}}}}` is missing."))
        for expression in _find_expressions(text):
            try:
                _check_functions(expression, _compile(expression).parsed)
            except ExpressionError as error:
                found.append(ExpressionFault(path, str(error)))
    return found


def count_expressions(value: Any) -> int:
    """Return the number of expressions in a JSON value."""
    return sum(len(_find_expressions(text)) for _, text in _iter_texts(value))


def find_step_references(value: Any) -> set[str]:
    """Return the keys of the steps that expressions in a value reference; `*` if it may be any step."""
    return _find_names(value, "steps")


def find_input_references(value: Any) -> set[str]:
    """Return the names of the inputs that expressions in a value reference; `*` if it may be any input."""
    return _find_names(value, "inputs")


def iter_expressions(value: Any) -> Iterator[tuple[Path, str, set[str]]]:
    """Yield the expressions in a value without faults: the path of the text, the expression, and its root names."""
    for path, text in _iter_texts(value):
        for expression in _find_expressions(text):
            yield path, expression, {names[0] for names in _iter_tree_paths(_compile(expression).parsed)}


def can_reference(root: str, value: Any) -> bool:
    """Return whether an expression in a value may reference this root. Errs on the side of True."""
    return any(
        root in part or _OF_ALL & set(part) for _, text in _iter_texts(value) for part in _find_expressions(text)
    )


_OF_ALL = frozenset("@*\\&")
"""Characters of expressions that reference the whole scope, or that can spell a name in another way."""


def find_roots(value: Any) -> set[str]:
    """Return the root names that expressions in a value reference, such as `inputs`, `steps` and `item`."""
    return {path[0] for path in _iter_paths(value)}


def evaluate(value: Any, scope: Mapping[str, Any], budget: Budget | None = None) -> Any:
    """Return a JSON value with its expressions evaluated, all within one budget.

    Raises ExpressionError, also when the budget is spent, and any other exception that the budget is set to raise.
    """
    budget = budget or Budget()
    try:
        return _evaluate_parts(value, scope, budget)
    except BudgetExceededError:
        raise ExpressionError("${{ … }}", _TOO_MUCH.format(budget.total)) from None
    except EvaluationTimeoutError:
        raise ExpressionError("${{ … }}", f"it takes too long. {_LESS}") from None


def _evaluate_parts(value: Any, scope: Mapping[str, Any], budget: Budget) -> Any:
    budget.spend(1)
    if isinstance(value, str):
        return _evaluate_text(value, scope, budget)
    if isinstance(value, Mapping):
        return {name: _evaluate_parts(part, scope, budget) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_evaluate_parts(part, scope, budget) for part in value]
    return value


def is_truthy(value: Any) -> bool:
    """Return whether JMESPath treats a value as true: all but null, false and what is empty. Zero is true."""
    return not (value is None or value is False or (isinstance(value, str | list | dict) and not value))


def _evaluate_text(text: str, scope: Mapping[str, Any], budget: Budget) -> Any:
    budget.spend(len(text) // CHARACTERS_PER_PART)
    parts = list(_split_text(text.strip()))
    if len(parts) == 1 and parts[0][0]:
        return _evaluate_expression(parts[0][1], scope, budget)
    return "".join(
        _to_text(_evaluate_expression(part, scope, budget)) if is_expression else part
        for is_expression, part in _split_text(text)
    )


def _split_text(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the expressions (True) and the text between them, in one pass. An unclosed one ends the search."""
    at = 0
    while (start := text.find(_BEGIN, at)) >= 0:
        escaped = start > at and text[start - 1] == "$"
        end = start + len(_BEGIN) if escaped else text.find(_END, start)
        if end < 0:
            break
        if before := text[at : start - escaped]:
            yield False, before
        yield (False, _BEGIN) if escaped else (True, text[start + len(_BEGIN) : end])
        at = end if escaped else end + len(_END)
    if rest := text[at:].replace("$" + _BEGIN, _BEGIN):
        yield False, rest


def _evaluate_expression(expression: str, scope: Mapping[str, Any], budget: Budget) -> Any:
    try:
        budget.spend(len(expression) // _COMPILED_PART)
        compiled = _compile(expression)
        value = MeteredInterpreter(_OPTIONS, budget).visit(compiled.parsed, scope)
        budget.spend_value(value)
        return value
    except BudgetExceededError:
        raise ExpressionError(expression, _TOO_MUCH.format(budget.total)) from None
    except EvaluationTimeoutError:
        raise ExpressionError(expression, f"it takes too long. {_LESS}") from None
    except MemoryError:
        raise ExpressionError(expression, f"it needs too much memory. {_LESS}") from None
    except exceptions.JMESPathError as error:
        raise ExpressionError(expression, describe_error(error), find_position(error)) from None
    except (TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise ExpressionError(expression, str(error) or type(error).__name__) from None


_LESS = "Select what is needed before searching, sorting or copying it, or split it into several steps."
_TOO_MUCH = "it reads and produces more than {:,} parts of values (16 characters of a string count as one). " + _LESS
_COMPILED_PART = 4
"""Characters of an expression that cost one part to parse."""


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_COMPILING = threading.Lock()
"""Guards `catch_warnings`, which is not thread-safe: two at once would leave warnings off for good."""


@lru_cache(maxsize=1024)
def _compile(expression: str) -> ParsedResult:
    if len(expression) > MAX_EXPRESSION_LENGTH:
        raise ExpressionError(
            expression[:40] + "…", f"it has {len(expression)} characters; at most {MAX_EXPRESSION_LENGTH} are allowed."
        )
    try:
        with _COMPILING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about a deprecated string syntax
            return jmespath.compile(expression.strip())
    except exceptions.JMESPathError as error:
        raise ExpressionError(expression, describe_error(error), find_position(error)) from None
    except RecursionError:
        raise ExpressionError(expression[:40] + "…", "it is nested too deeply.") from None


def _check_functions(expression: str, tree: Any) -> None:
    if tree.get("type") == "function_expression" and tree["value"] not in _KNOWN:
        near = difflib.get_close_matches(tree["value"], _KNOWN, 1)
        meant = f"Did you mean {near[0]}?" if near else f"Functions: {', '.join(sorted(_KNOWN))}."
        raise ExpressionError(expression, f"there is no function {tree['value']}. {meant}")
    for child in tree["children"]:
        if isinstance(child, dict):
            _check_functions(expression, child)


def _iter_texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _iter_texts(part, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _iter_texts(part, (*path, index))


def _find_expressions(text: str) -> list[str]:
    return [part for is_expression, part in _split_text(text) if is_expression]


def _has_unclosed(text: str) -> bool:
    """Return whether the text has an unclosed expression."""
    literals = [part for is_expression, part in _split_text(text) if not is_expression and part != _BEGIN]
    return any(_BEGIN in part for part in literals)


def _iter_trees(value: Any) -> Iterator[dict[str, Any]]:
    for _, text in _iter_texts(value):
        for expression in _find_expressions(text):
            yield cast("dict[str, Any]", _compile(expression).parsed)


def _find_names(value: Any, root: str) -> set[str]:
    return {path[1] if len(path) > 1 else "*" for path in _iter_paths(value) if path[0] in (root, "*")}


def _iter_paths(value: Any) -> Iterator[tuple[str, ...]]:
    for tree in _iter_trees(value):
        yield from _iter_tree_paths(tree)


def _iter_tree_paths(tree: Any) -> Iterator[tuple[str, ...]]:
    """Yield the first one or two names of each path that a parsed expression takes from the scope."""
    if not isinstance(tree, dict):
        return
    kind, children = tree.get("type"), tree.get("children", [])
    if kind == "field":
        yield (tree["value"],)
    elif kind == "current":
        yield ("*",)
    elif kind in {"subexpression", "index_expression"} and children[0].get("type") == "field":
        following = children[1].get("type") == "field"
        yield (children[0]["value"], children[1]["value"]) if following else (children[0]["value"], "*")
    elif kind in _ONWARD:  # the rest is relative to the first child
        yield from _iter_tree_paths(children[0])
    else:
        for child in children:
            yield from _iter_tree_paths(child)


_ONWARD = {
    "subexpression", "index_expression", "projection", "value_projection", "filter_projection", "pipe", "flatten",
}  # fmt: skip


__all__ = [
    "ExpressionError",
    "ExpressionFault",
    "evaluate",
    "find_faults",
    "find_roots",
    "find_step_references",
    "is_truthy",
]
