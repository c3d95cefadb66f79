"""Docstrings name what exists: identifiers in backticks, and the exceptions after "Raises".

A plain word must be a name in the module's own folder, since most words are a name somewhere. Other names may be
anywhere in the source, or in the API.
"""

import ast
import builtins
import keyword
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tocsin.config import PREFIX, Settings

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "tocsin"
FILES = sorted(SOURCE.rglob("*.py"))
# Names in backticks that are not in the source, and what they are.
OUTSIDE_NAMES = {
    "corp": "example of a host",
    "mailhost": "example of a host",
    "john": "example of a mailbox",
    "j": "example of a mailbox",
    "ohn": "example of a mailbox",
    "bücher": "example of a domain",
    "de": "example of a domain",
    "jku": "header of JSON Web Tokens",
    "jwk": "header of JSON Web Tokens",
    "x5u": "header of JSON Web Tokens",
    "wait_for": "function of asyncio",
    "console": "value of a setting",
}
_TICKED = re.compile(r"`([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*?)(?:\(\)|\.py)?`")
_RAISED = re.compile(r"\bRaises? ([^.;]*)")
_CLASS_NAME = re.compile(r"\b[A-Z]+[a-z]\w*")


@cache
def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def used_names(tree: ast.Module) -> Iterator[str]:
    """Yield the identifiers of a module, and the words of its strings that have no spaces."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Name():
                yield node.id
            case ast.Attribute():
                yield node.attr
            case ast.arg() | ast.keyword():
                yield node.arg or ""
            case ast.alias():
                yield from node.name.split(".")
            case ast.ImportFrom():
                yield from (node.module or "").split(".")
            case ast.Constant(value=str(text)) if " " not in text:
                yield from re.findall(r"\w+", text)


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings with their lines, also those of constants and fields."""
    for node in ast.walk(tree):
        statements = getattr(node, "body", [])
        for statement in statements if isinstance(statements, list) else []:
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, text


@cache
def room_names(room: Path) -> set[str]:
    """Return the names that the modules of a folder use, or those of a single module."""
    files = sorted(room.rglob("*.py")) if room.is_dir() else [room]
    return {name for file in files for name in used_names(parse(file))}


@cache
def common_names() -> set[str]:
    """Return names that any docstring may use: distinctive ones of the source, and those of Python and of the API."""
    texts = [(ROOT / "schema.graphql").read_text(), (SOURCE / "workflows" / "workflow.schema.json").read_text()]
    words = room_names(SOURCE) | {word for text in texts for word in re.findall(r"\w+", text)}
    distinctive = {word for word in words if not word.islower() or "_" in word}
    settings = {f"{PREFIX}{field.upper()}{end}" for field in Settings.model_fields for end in ("", "_FILE")}
    python = {*dir(builtins), *keyword.kwlist, *keyword.softkwlist}
    return distinctive | settings | python | {file.stem for file in FILES} | {file.parent.name for file in FILES}


def unknown_names(file: Path) -> Iterator[str]:
    room = file if file.parent == SOURCE else file.parent
    known = common_names() | room_names(room) | OUTSIDE_NAMES.keys()
    for line, text in docstrings(parse(file)):
        raised = [name for clause in _RAISED.findall(text) for name in _CLASS_NAME.findall(clause)]
        for name in [*_TICKED.findall(text), *raised]:
            if not known.issuperset(name.split(".")):
                yield f"{file.relative_to(ROOT)}:{line}: {name}"


def test_docstrings_name_what_exists() -> None:
    assert [fault for file in FILES for fault in unknown_names(file)] == []
