"""JMESPath with a budget for what an expression may read and produce, so that 2,000 characters cannot fill the memory.

JMESPath has no loops, but a value can contain the same value many times: each `| [@,@,@,@][]` is four times as large as
the one before. Whatever reads or copies a whole value is charged for its size as a tree, and whatever reads or produces
part of one is charged for that part, before it does.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from jmespath import functions, visitor

from tocsin.json_values import INTEGER_LIMIT, MAX_JSON_DEPTH
from tocsin.workflows.language.jmespath_costs import CHARACTERS_PER_PART, Spend, charge_call, charge_value

DEFAULT_BUDGET = 1_000_000
"""Default budget of one value: about a second. A part is a JSON value, 16 characters of a string, or a visit of a node
of an expression."""
_LOOK_EVERY = 10_000
"""Number of parts between two checks of the time."""
_KEY_READ = 20
"""Maximum number of comparisons of a key in a sort: log2 of the longest list."""
_SCALARS = (str, bool, int, float, type(None))
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,399})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,9})?")


class BudgetExceededError(Exception):
    """An expression exceeds its budget."""


class EvaluationTimeoutError(Exception):
    """An expression exceeds its time limit."""


class Budget:
    """A budget in parts. Raises `beyond` once it is spent, and EvaluationTimeoutError when `is_late()`."""

    def __init__(
        self,
        left: int = DEFAULT_BUDGET,
        beyond: type[Exception] = BudgetExceededError,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:
        self.total = self.remaining = left
        self._beyond = beyond
        self._is_late = is_late
        self._look_at = left - _LOOK_EVERY

    def spend(self, parts: int) -> None:
        """Subtract these parts from the budget."""
        self.remaining -= parts
        if self.remaining < 0:
            raise self._beyond
        if self.remaining < self._look_at:
            self._look_at = self.remaining - _LOOK_EVERY
            if self._is_late():
                raise EvaluationTimeoutError

    def spend_value(self, value: Any) -> None:
        """Charge the size of a JSON value. Raises ValueError if it is not JSON, or nested too deeply."""
        ahead, levels = [value], [1]
        while ahead:
            part, level = ahead.pop(), levels.pop()
            self.spend(1 + (len(part) // CHARACTERS_PER_PART if isinstance(part, str) else 0))
            if isinstance(part, int) and abs(part) >= INTEGER_LIMIT:
                raise ValueError("it returns a number that is too large.")
            if isinstance(part, float) and not math.isfinite(part):
                raise ValueError(f"it returns {part}, which is not a JSON number.")
            if isinstance(part, dict):
                self.spend(len(part))
                self.spend(sum(len(name) for name in part) // CHARACTERS_PER_PART)
                ahead += part.values()
            elif isinstance(part, list):
                ahead += part
            elif not isinstance(part, _SCALARS):
                raise ValueError("it returns an expression reference (&), which is not a value.")
            if isinstance(part, dict | list) and level > MAX_JSON_DEPTH:
                raise ValueError(f"it returns a value of more than {MAX_JSON_DEPTH} levels.")
            levels += [level + 1] * (len(ahead) - len(levels))


class MeteredInterpreter(visitor.TreeInterpreter):
    """The JMESPath interpreter, charging for each visit and for all that is read and produced."""

    def __init__(self, options: Any, budget: Budget) -> None:
        super().__init__(options)
        self._known = options.custom_functions
        self.spend: Spend = budget.spend

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """Charge for and visit a node of the expression."""
        self.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """Charge the function before it is called."""
        given = [self.visit(child, value) for child in node["children"]]
        charge_call(node["value"], given, self.spend)
        return self._known.call_function(node["value"], given)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """Charge the flattened list before it is made."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self.spend(len(base))
        self.spend(sum(len(part) for part in base if isinstance(part, list)))
        return [one for part in base for one in (part if isinstance(part, list) else [part])]

    def visit_slice(self, node: Any, value: Any) -> Any:
        """Charge the slice before it is made."""
        if isinstance(value, list):
            self.spend(len(value))
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Charge the comparison before it is made: for all of both values, if they have the same type."""
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, str) and isinstance(right, str):
            self.spend(min(len(left), len(right)) // CHARACTERS_PER_PART)
        elif isinstance(left, dict | list) and isinstance(right, dict | list):
            charge_value(left, self.spend)
        if node["value"] in _ORDERS and not (_has_order(left) and _has_order(right)):
            return None
        compare: Callable[[Any, Any], bool] = self.COMPARATOR_FUNC[node["value"]]
        return compare(left, right)


_ORDERS = frozenset({"lt", "lte", "gt", "gte"})


def _has_order(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


class MeteredFunctions(functions.Functions):
    """The standard functions of JMESPath, and `default`, `round` and `split`.

    `to_number` accepts JSON numbers only, as specified: Python's `float` also reads `1_000`, `nan` and other scripts.
    """

    def _create_key_func(self, expref: Any, allowed_types: Any, function_name: str) -> Callable[[Any], Any]:
        """Return the key function of a sort, charging each key for its comparisons."""
        key_of = super()._create_key_func(expref, allowed_types, function_name)  # type: ignore[misc]  # not in the stubs
        spend = expref.interpreter.spend

        def paid(part: Any) -> Any:
            key = key_of(part)
            spend(len(key) // CHARACTERS_PER_PART * _KEY_READ if isinstance(key, str) else 1)
            return key

        return paid

    @functions.signature({"types": []})
    def _func_to_number(self, value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value) if _NUMBER.fullmatch(value) else None
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    @functions.signature({"types": []}, {"types": []})
    def _func_default(self, value: Any, otherwise: Any) -> Any:
        return otherwise if value is None else value

    @functions.signature({"types": ["number"]}, {"types": ["number"]})
    def _func_round(self, number: float, digits: float) -> float:
        return round(number, int(max(-15, min(digits, 15))))

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, separator: str, text: str) -> list[str]:
        return text.split(separator) if separator else list(text)
