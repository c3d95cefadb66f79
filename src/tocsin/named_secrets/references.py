"""References to named secrets in texts: `${{ secrets.slack }}`. Pure.

In a task, `$${{ secrets.slack }}` is the text itself. In the parameters of a workflow's step, each reference becomes a
random marker before expressions are evaluated, so that no value of an expression can be one.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MAX_REFERENCES = 20
"""References in one job: they bound what a request can grow by."""
NAME_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
_NAME = re.compile(NAME_PATTERN)
_REFERENCE = re.compile(rf"(\$?)\$\{{\{{ {{0,20}}secrets\.({NAME_PATTERN}) {{0,20}}\}}\}}")
_ATTEMPTED = re.compile(r"(?<!\$)\$\{\{\s*secrets\b")
_WANTED = "A secret is referenced as ${{ secrets.name }}, by a name of letters, digits and underscores."
Path = tuple[str, ...]


def is_secret_name(text: str) -> bool:
    """Return whether a secret can have this name."""
    return _NAME.fullmatch(text) is not None


def secret_key(name: str) -> str:
    """Return what is equal for names that differ in case only."""
    return name.lower()


def make_secret_marker() -> str:
    """Return the beginning of the markers of one evaluation: random, so that no data can contain it."""
    return f"tocsin-secret-{secrets.token_hex(16)}"


def find_marker(params: Mapping[str, Any]) -> str | None:
    """Return what markers in the stored parameters of a job begin with; None if they have none."""
    marker: str | None = (params.get("named_secrets") or {}).get("marker")
    return marker


def mark_text(text: str, name: str) -> str:
    """Return the marker of a secret, by the `text` that all markers begin with."""
    return f"{text}.{name}."


def mark_references(value: Any, marker: str) -> Any:
    """Return a JSON value with a marker in place of each reference in its texts. Names of members have none."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: found[0] if found[1] else mark_text(marker, found[2]), value)
    if isinstance(value, Mapping):
        return {name: mark_references(part, marker) for name, part in value.items()}
    return [mark_references(part, marker) for part in value] if isinstance(value, list | tuple) else value


def compact_references(text: str) -> str:
    """Return a text with each reference without spaces, so that a URL with it stays a URL."""
    return _REFERENCE.sub(lambda found: f"{found[1]}${{{{secrets.{found[2]}}}}}", text)


def show_references(text: str, marker: str | None, *, compact: bool = False) -> str:
    """Return a text with references in place of markers. Case is ignored: hosts are shown in lower case."""
    if marker is None:
        return text
    space = "" if compact else " "
    return _markers(marker).sub(lambda found: f"${{{{{space}secrets.{found[1]}{space}}}}}", text)


def fill_references(text: str, marker: str | None, find: Callable[[str, str], str]) -> str:
    """Return a text with values in place of references, or of markers. Values are not searched for references.

    `find` gets the name, and the text up to there. Without a marker, an escaped reference becomes the text itself.
    """
    filled, at = "", 0
    for found in (_REFERENCE if marker is None else _markers(marker)).finditer(text):
        filled += text[at : found.start()]
        filled += found[0][1:] if marker is None and found[1] else find(found[found.lastindex or 0], filled)
        at = found.end()
    return filled + text[at:]


def text_before_references(text: str, marker: str | None) -> str:
    """Return what comes before the first reference, or the first marker."""
    return (_REFERENCE if marker is None else _markers(marker)).split(text, maxsplit=1)[0]


def find_names(text: str, marker: str | None = None) -> list[str]:
    """Return the names of the secrets that a text references, in order and as often as it does."""
    if marker is not None:
        return _markers(marker).findall(text)
    return [found[2] for found in _REFERENCE.finditer(text) if not found[1]]


def find_all_names(value: Any) -> set[str]:
    """Return the names of the secrets that a JSON value references."""
    return {name for _, text in iter_texts(value) if "secrets" in text for name in find_names(text)}


def has_references(value: Any) -> bool:
    """Return whether a JSON value may have references, escaped ones included."""
    return any("secrets" in text and _REFERENCE.search(text) is not None for _, text in iter_texts(value))


def find_reference_faults(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield what looks like a reference in a JSON value, but is none, with its path."""
    for path, text in iter_texts(value):
        spans = {found.end(1) for found in _REFERENCE.finditer(text)}
        if any(found.start() not in spans for found in _ATTEMPTED.finditer(text)):
            yield path, _WANTED


def find_unknown(value: Any, known: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """Yield the references in a JSON value to secrets that do not exist, with their paths. `known` are keys."""
    keys = set(known)
    for path, text in iter_texts(value):
        for name in dict.fromkeys(find_names(text)):
            if secret_key(name) not in keys:
                yield path, explain_unknown(name)


def explain_unknown(name: str) -> str:
    """Return the sentence about a name that no secret of the account has."""
    return f"You have no secret {name}. Create it with setSecret, or under Account in the dashboard."


def iter_texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the texts of a JSON value, without names of members, with their paths."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from iter_texts(part, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from iter_texts(part, (*path, str(index)))


def _markers(marker: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(marker)}\.({NAME_PATTERN})\.", re.IGNORECASE)
