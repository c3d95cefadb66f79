"""JMESPath with a bound: what an expression may read and make, so that none of 2,000 characters fills the memory.

JMESPath has no loops, but its values may hold themselves many times: each `| [@,@,@,@][]` is four times the one
before. So whatever makes values pays for their size, counted as a tree.
"""

import json
import math
import re
from typing import Any

from jmespath import functions, visitor

from tocsin.jobs.json_values import DEEPEST, LARGEST_INTEGER

BUDGET = 1_000_000
"""Parts of values, and visits of parts of expressions, that filling in one value may take. A text's part is 16
characters."""
_TEXT_PART = 16
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,399})(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,9})?")


class TooMuchError(Exception):
    """An expression makes more than it may."""


class Budget:
    """What is left of it."""

    def __init__(self, left: int = BUDGET) -> None:
        self._left = left

    def spend(self, parts: int) -> None:
        """Raises TooMuchError when nothing is left."""
        self._left -= parts
        if self._left < 0:
            raise TooMuchError

    def spend_value(self, value: Any) -> None:
        """Spend the size of a JSON value. Raises TooMuchError, and ValueError for what JSON has not or is too deep."""
        ahead, levels = [value], [1]
        while ahead:
            part, level = ahead.pop(), levels.pop()
            self.spend(1 + (len(part) // _TEXT_PART if isinstance(part, str) else 0))
            if isinstance(part, int) and abs(part) >= LARGEST_INTEGER:
                raise ValueError("it gives a number that is too large.")
            if isinstance(part, float) and not math.isfinite(part):
                raise ValueError(f"it gives {part}, which is no number that JSON has.")
            if isinstance(part, dict):
                self.spend(len(part))
                ahead += part.values()
            elif isinstance(part, list):
                ahead += part
            if isinstance(part, dict | list) and level > DEEPEST:
                raise ValueError(f"it gives a value of more than {DEEPEST} levels.")
            levels += [level + 1] * (len(ahead) - len(levels))


class Interpreter(visitor.TreeInterpreter):
    """JMESPath's own, paying for each visit and for all that is made."""

    def __init__(self, options: Any, budget: Budget) -> None:
        super().__init__(options)
        self._budget = budget
        self._known = options.custom_functions

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """One part of the expression."""
        self._budget.spend(1)
        result = super().visit(node, *args, **kwargs)
        if node["type"] in {"multi_select_list", "multi_select_dict", "function_expression"}:
            self._budget.spend_value(result)
        return result

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """`join` is paid for before it is made, by the lengths of its texts."""
        given = [self.visit(child, value) for child in node["children"]]
        if node["value"] == "join" and len(given) == 2 and isinstance(given[1], list):
            texts = sum(len(part) for part in given[1] if isinstance(part, str))
            between = len(given[0]) * len(given[1]) if isinstance(given[0], str) else 0
            self._budget.spend((texts + between) // _TEXT_PART)
        return self._known.call_function(node["value"], given)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        """Paid for before it is made."""
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self._budget.spend(sum(len(part) if isinstance(part, list) else 1 for part in base))
        return [one for part in base for one in (part if isinstance(part, list) else [part])]


class Functions(functions.Functions):
    """JMESPath's own functions, and three that steps need. `to_number` takes what is a number in JSON, as specified.

    Python reads `1_000`, `nan` and digits of any script too.
    """

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
