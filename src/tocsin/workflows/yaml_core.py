"""What plain words in YAML stand for, by the core schema of YAML 1.2.2 (section 10.3.2), which is nearly JSON's.

PyYAML reads YAML 1.1, in which the country code NO is false and 22:30 is 1350.
"""

import math
import re
from typing import Any

import yaml
from yaml.scanner import ScannerError

from tocsin.jobs.value_bounds import HALF_A_PAIR, LONGEST_NUMBER, half_a_pair, join_pairs

_PREFIX = "tag:yaml.org,2002:"
_CORE = {
    "bool": (re.compile(r"true|True|TRUE|false|False|FALSE"), "tTfF"),
    "null": (re.compile(r"~|null|Null|NULL|"), ["~", "n", "N", ""]),
    "int": (re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), "-+0123456789"),
    "float": (
        re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.nan|\.NaN|\.NAN"),
        "-+.0123456789",
    ),
}


class Loader(yaml.SafeLoader):
    """Tells words apart by the core schema, and reads all that JSON allows, which YAML 1.2 contains."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    NON_PRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]")  # type: ignore[misc]  # YAML 1.1 allows less

    def scan_to_next_token(self) -> None:
        """Pass over tabs where they indent nothing."""
        super().scan_to_next_token()
        while self.flow_level and self.peek() == "\t":
            self.forward()
            super().scan_to_next_token()

    def scan_flow_scalar(self, style: str) -> yaml.ScalarToken:
        """Read a quoted text. Two escapes may stand for one character, as in JSON."""
        token = super().scan_flow_scalar(style)
        token.value = join_pairs(token.value)
        return token

    def scan_flow_scalar_non_spaces(self, double: bool, start_mark: yaml.Mark) -> list[str]:
        """Read on in a quoted text. An escape may name a character that is none."""
        try:
            found: list[str] = super().scan_flow_scalar_non_spaces(double, start_mark)
        except (ValueError, OverflowError):
            problem = "an escape names a character beyond U+10FFFF, and there is none"
            raise ScannerError("while scanning a quoted text", start_mark, problem, self.get_mark()) from None
        return found

    def scan_yaml_directive_number(self, start_mark: yaml.Mark) -> int:
        """Read one number of the version that a text says it is written in."""
        try:
            number: int = super().scan_yaml_directive_number(start_mark)
        except ValueError:
            problem = "there is no such version of YAML"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark()) from None
        return number


for _name, (_pattern, _first) in _CORE.items():
    Loader.add_implicit_resolver(_PREFIX + _name, re.compile(rf"^(?:{_pattern.pattern})$"), list(_first))


def tag_of(node: yaml.Node) -> str:
    """The type of a node, as one writes it."""
    return str(node.tag).replace(_PREFIX, "!!")


def scalar(node: yaml.Node) -> Any:
    """The value of a scalar node. Raises ValueError: a sentence that says why it is none of JSON's."""
    kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if kind == "str":
        if (half := half_a_pair(text)) is not None:
            raise ValueError(HALF_A_PAIR.format(ord(text[half])))
        return text
    if kind not in _CORE:
        raise ValueError(f"{tag_of(node)} is no type that JSON has.")
    if kind in {"int", "float"} and len(text) > LONGEST_NUMBER:
        raise ValueError(f"This number has more than {LONGEST_NUMBER} digits.")
    if not _CORE[kind][0].fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a value of the type {tag_of(node)}.")
    return _value(kind, text)


def _value(kind: str, text: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that JSON has.")
    return number
