"""The YAML writer. Pure."""

from collections.abc import Mapping
from typing import Any

import yaml

from tocsin.workflows.language.yaml_loader import CoreLoader

_UNSEEN = frozenset("\x85\u2028\u2029\ufeff")
"""Characters that YAML treats as line breaks, and would fold."""


class _Dumper(yaml.SafeDumper):
    """Writes multi-line strings as blocks, indents lists, and uses no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # the signature of PyYAML
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _UNSEEN & set(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.yaml_implicit_resolvers = {  # quote what either version of YAML would read as another type
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *CoreLoader.yaml_implicit_resolvers.get(first, [])]
    for first in yaml.SafeDumper.yaml_implicit_resolvers | CoreLoader.yaml_implicit_resolvers
}


def to_yaml(data: Mapping[str, Any]) -> str:
    """Return a value as YAML. Parsing it returns an equal value."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
