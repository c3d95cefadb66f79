"""A YAML loader with the core schema of YAML 1.2.2 (section 10.3.2), whose types are those of JSON.

PyYAML reads YAML 1.1, in which the country code NO is false and 22:30 is 1350.
"""

import math
import re
from typing import Any

import yaml
from yaml.scanner import ScannerError

from tocsin.value_bounds import LONE_SURROGATE, MAX_DIGITS, MAX_VALUE_DEPTH, find_lone_surrogate, join_surrogates

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


_BREAKS_OF_YAML_1_1 = {"\x85": "\udc85", "\u2028": "\udc28", "\u2029": "\udc29"}
"""Characters that break lines in YAML 1.1 only. A lone surrogate, which no text can contain, takes their place."""
_HIDE_BREAKS = str.maketrans(_BREAKS_OF_YAML_1_1)
_SHOW_BREAKS = str.maketrans({hidden: shown for shown, hidden in _BREAKS_OF_YAML_1_1.items()})


class NestedTooDeeply(ScannerError):
    """The text has more levels than a value may have."""


class CoreLoader(yaml.SafeLoader):
    """Resolves plain scalars by the core schema, and accepts all JSON, which is a subset of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    NON_PRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\U0010ffff]")  # type: ignore[misc]  # YAML 1.1 allows less

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.buffer = self.buffer.translate(_HIDE_BREAKS)

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Compose a scalar with the characters that were hidden from the scanner."""
        node = super().compose_scalar_node(anchor)
        node.value = node.value.translate(_SHOW_BREAKS)
        return node

    def scan_to_next_token(self) -> None:
        """Skip tabs where they are not indentation."""
        super().scan_to_next_token()
        while self.flow_level and self.peek() == "\t":
            self.forward()
            super().scan_to_next_token()

    def fetch_flow_collection_start(self, TokenClass: type[yaml.Token]) -> None:  # noqa: N803
        """Fetch an opening bracket. The scanner looks at all open ones for each token, so there must not be many."""
        if self.flow_level > MAX_VALUE_DEPTH:
            problem = f"more than {MAX_VALUE_DEPTH} brackets are open"
            raise NestedTooDeeply(problem=problem, problem_mark=self.get_mark())
        super().fetch_flow_collection_start(TokenClass)

    def scan_flow_scalar(self, style: str) -> yaml.ScalarToken:
        """Scan a quoted scalar. As in JSON, two escapes may form one character."""
        token = super().scan_flow_scalar(style)
        token.value = join_surrogates(token.value)
        return token

    def scan_flow_scalar_non_spaces(self, double: bool, start_mark: yaml.Mark) -> list[str]:
        """Scan part of a quoted scalar, rejecting escapes of invalid characters."""
        try:
            found: list[str] = super().scan_flow_scalar_non_spaces(double, start_mark)
        except (ValueError, OverflowError):
            problem = "an escape names a character beyond U+10FFFF"
            raise ScannerError("while scanning a quoted text", start_mark, problem, self.get_mark()) from None
        return found

    def scan_yaml_directive_number(self, start_mark: yaml.Mark) -> int:
        """Scan a number of the version in a %YAML directive."""
        try:
            number: int = super().scan_yaml_directive_number(start_mark)
        except ValueError:
            problem = "there is no such version of YAML"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark()) from None
        return number


for _name, (_pattern, _first) in _CORE.items():
    CoreLoader.add_implicit_resolver(_PREFIX + _name, re.compile(rf"^(?:{_pattern.pattern})$"), list(_first))


def format_tag(node: yaml.Node) -> str:
    """Return the tag of a node in its short form, such as `!!int`."""
    return str(node.tag).replace(_PREFIX, "!!")


def parse_scalar(node: yaml.Node) -> Any:
    """Return the value of a scalar node. Raises ValueError with a sentence if it is not a JSON value."""
    kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if kind == "str":
        if (half := find_lone_surrogate(text)) is not None:
            raise ValueError(LONE_SURROGATE.format(ord(text[half])))
        return text
    if kind not in _CORE:
        raise ValueError(f"{format_tag(node)} is not a JSON type.")
    if kind in {"int", "float"} and len(text) > MAX_DIGITS:
        raise ValueError(f"This number has more than {MAX_DIGITS} digits.")
    if not _CORE[kind][0].fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a value of the type {format_tag(node)}.")
    return _value(kind, text)


def load_documents(text: str) -> list[Any]:
    """Return the values of all documents of a text. Raises yaml.YAMLError, and ValueError for what is not JSON."""
    return list(yaml.load_all(text, Loader=CoreLoader))


for _name in (*_CORE, "str"):
    CoreLoader.add_constructor(_PREFIX + _name, lambda _, node: parse_scalar(node))


def _value(kind: str, text: str) -> Any:
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    number = float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number.")
    return number
