"""What plain words in YAML stand for, by the core schema of YAML 1.2.2 (section 10.3.2), which is nearly JSON's.

PyYAML reads YAML 1.1, in which the country code NO is false and 22:30 is 1350.
"""

import math
import re
from typing import Any

import yaml

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
_LONGEST_NUMBER = 400


class Loader(yaml.SafeLoader):
    """Tells words apart by the core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _name, (_pattern, _first) in _CORE.items():
    Loader.add_implicit_resolver(_PREFIX + _name, re.compile(rf"^(?:{_pattern.pattern})$"), list(_first))


def tag_of(node: yaml.Node) -> str:
    """The type of a node, as one writes it."""
    return str(node.tag).replace(_PREFIX, "!!")


def scalar(node: yaml.Node) -> Any:
    """The value of a scalar node. Raises ValueError: a sentence that says why it is none of JSON's."""
    kind, text = str(node.tag).removeprefix(_PREFIX), str(node.value)
    if kind == "str":
        return text
    if kind not in _CORE:
        raise ValueError(f"{tag_of(node)} is no type that JSON has.")
    if not _CORE[kind][0].fullmatch(text) or len(text) > _LONGEST_NUMBER:
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
