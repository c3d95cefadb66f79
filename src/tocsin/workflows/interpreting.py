"""JMESPath with a bound: what an expression may read and make, so that none of 2,000 characters fills the memory.

JMESPath has no loops, but its values may hold themselves many times: each `| [@,@,@,@][]` is four times the one
before. So values are paid for by their size, counted as a tree, whenever they are read or copied as a whole; what is
read and made in part is paid for by that part, before it is.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any

from jmespath import functions, visitor

from tocsin.jobs.json_values import DEEPEST, LARGEST_INTEGER
from tocsin.workflows.costs import TEXT_PART, Spend, charge_call, read_whole

BUDGET = 1_000_000
"""Parts of values, and visits of parts of expressions, that filling in one value may take: about a second. A text's
part is 16 characters."""
_LOOK_EVERY = 10_000
"""Parts between two looks at the time."""
_KEY_READ = 20
"""Times that a key is compared when a list is sorted by it, at most: the logarithm of the longest list."""
_SCALARS = (str, bool, int, float, type(None))
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,399})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,9})?")


class TooMuchError(Exception):
    """An expression reads and makes more than it may."""


class TooSlowError(Exception):
    """An expression takes longer than it may."""


class Budget:
    """Parts that may still be read and made. Raises `beyond` when nothing is left, TooSlowError when `is_late()`."""

    def __init__(
        self,
        left: int = BUDGET,
        beyond: type[Exception] = TooMuchError,
        is_late: Callable[[], bool] = lambda: False,
    ) -> None:
        self.total = self.left = left
        self._beyond = beyond
        self._is_late = is_late
        self._look_at = left - _LOOK_EVERY

    def spend(self, parts: int) -> None:
        """Take these parts off what is left."""
        self.left -= parts
        if self.left < 0:
            raise self._beyond
        if self.left < self._look_at:
            self._look_at = self.left - _LOOK_EVERY
            if self._is_late():
                raise TooSlowError

    def spend_value(self, value: Any) -> None:
        """Spend the size of a JSON value. Raises ValueError for what JSON has not, and for what is too deep."""
        ahead, levels = [value], [1]
        while ahead:
            part, level = ahead.pop(), levels.pop()
            self.spend(1 + (len(part) // TEXT_PART if isinstance(part, str) else 0))
            if isinstance(part, int) and abs(part) >= LARGEST_INTEGER:
                raise ValueError("it gives a number that is too large.")
            if isinstance(part, float) and not math.isfinite(part):
                raise ValueError(f"it gives {part}, which is no number that JSON has.")
            if isinstance(part, dict):
                self.spend(len(part))
                self.spend(sum(len(name) for name in part) // TEXT_PART)
                ahead += part.values()
            elif isinstance(part, list):
                ahead += part
            elif not isinstance(part, _SCALARS):
                raise ValueError("it gives an expression (&), which is no value.")
            if isinstance(part, dict | list) and level > DEEPEST:
                raise ValueError(f"it gives a value of more than {DEEPEST} levels.")
            levels += [level + 1] * (len(ahead) - len(levels))


class Interpreter(visitor.TreeInterpreter):
    """JMESPath's own, paying for each visit and for all that is read and made."""

    def __init__(self, options: Any, budget: Budget) -> None:
        super().__init__(options)
        self._known = options.custom_functions
        self.spend: Spend = budget.spend

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One part of the expression."""
        self.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """Paid for before it is called."""
        given = [self.visit(child, value) for child in node["children"]]
        charge_call(node["value"], given, self.spend)
        return self._known.call_function(node["value"], given)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """Paid for before it is made."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self.spend(len(base))
        self.spend(sum(len(part) for part in base if isinstance(part, list)))
        return [one for part in base for one in (part if isinstance(part, list) else [part])]

    def visit_slice(self, node: Any, value: Any) -> Any:
        """Paid for before it is made."""
        if isinstance(value, list):
            self.spend(len(value))
        return super().visit_slice(node, value)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """Paid for before it is made, by what it may read: all of both, if they are alike."""
        left, right = (self.visit(child, value) for child in node["children"])
        if isinstance(left, str) and isinstance(right, str):
            self.spend(min(len(left), len(right)) // TEXT_PART)
        elif isinstance(left, dict | list) and isinstance(right, dict | list):
            read_whole(left, self.spend)
        if node["value"] in _ORDERS and not (_has_order(left) and _has_order(right)):
            return None
        compare: Callable[[Any, Any], bool] = self.COMPARATOR_FUNC[node["value"]]
        return compare(left, right)


_ORDERS = frozenset({"lt", "lte", "gt", "gte"})


def _has_order(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


class Functions(functions.Functions):
    """JMESPath's own functions, and three that steps need. `to_number` takes what is a number in JSON, as specified.

    Python reads `1_000`, `nan` and digits of any script too.
    """

    def _create_key_func(self, expref: Any, allowed_types: Any, function_name: str) -> Callable[[Any], Any]:
        """The keys by which a list is sorted, paid for by how often they are compared."""
        key_of = super()._create_key_func(expref, allowed_types, function_name)  # type: ignore[misc]  # it is there
        spend = expref.interpreter.spend

        def paid(part: Any) -> Any:
            key = key_of(part)
            spend(len(key) // TEXT_PART * _KEY_READ if isinstance(key, str) else 1)
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
