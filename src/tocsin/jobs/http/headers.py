"""Validation of the headers of an HTTP call, and the choice of those to be sealed. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.errors import InvalidInput
from tocsin.jobs.http.body import require_storable
from tocsin.jobs.http.params import HttpParams, SealedHeader
from tocsin.jobs.http.secret_references import ReferenceRules
from tocsin.outbound.redirects import SECRET_HEADERS

MAX_HEADER_BYTES = 16_384
MAX_HEADERS = 50

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but the tab
_RESERVED_HEADERS = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer"}
    | {"upgrade", "expect", "host", "accept-encoding", "idempotency-key", "tocsin-callback-url"}
)


def split_headers(
    headers: Mapping[str, Any] | None,
    secret_names: Sequence[str],
    before: HttpParams | None,
    references: ReferenceRules,
) -> tuple[list[tuple[str, str]], dict[str, str | SealedHeader]]:
    """Return the plain headers, and the secret ones: to be sealed, or as they are stored. Raises InvalidInput.

    A value that references a named secret is plain, unless its name is among the secret ones.
    """
    stored = {header.name.lower(): header for header in before.secret_headers} if before else {}
    all_given = _collect_headers(headers, secret_names)
    named = {name.lower() for name in secret_names}
    hidden = SECRET_HEADERS | named
    plain: list[tuple[str, str]] = []
    secret: dict[str, str | SealedHeader] = {}
    for name, value in all_given.items():
        if value is None:
            secret[name] = _keep_stored(name, hidden, stored)
        elif name.lower() in named or (name.lower() in hidden and not references.has_names(str(value))):
            secret[name] = _check_header_value(name, value)
        else:
            plain.append((name, _check_header_value(name, value)))
    _check_total_size([*plain, *((name, str(value)) for name, value in secret.items() if isinstance(value, str))])
    return plain, secret


def _collect_headers(given: Mapping[str, Any] | None, secret_names: Sequence[str]) -> dict[str, Any]:
    """Return the validated headers by name. Those that are only named as secret have the value None."""
    headers = dict(given or {})
    present = {name.lower() for name in headers}
    if len(present) < len(headers):
        raise InvalidInput("A header is given twice, in different case.", "headers")
    headers.update({name: None for name in secret_names if name.lower() not in present})
    if len(headers) > MAX_HEADERS:
        raise InvalidInput(f"There are {len(headers)} headers; the limit is {MAX_HEADERS}.", "headers")
    for name in headers:
        _check_header_name(name)
    return headers


def _check_header_name(name: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise InvalidInput("This is not a valid header name. Use letters, digits and hyphens.", "headers", name)
    if name.lower() in _RESERVED_HEADERS or name.lower().startswith("x-tocsin-"):
        raise InvalidInput(f"Tocsin sets the header {name} itself. Leave it out.", "headers", name)


def _keep_stored(name: str, hidden: frozenset[str], stored: Mapping[str, SealedHeader]) -> SealedHeader:
    if name.lower() in hidden and name.lower() in stored:
        return SealedHeader(name=name, sealed=stored[name.lower()].sealed)
    message = f"The header {name} has no value: null keeps the stored value of a secret header, but none is stored."
    raise InvalidInput(message, "headers", name)


def _check_header_value(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidInput("The value of a header must be a string or a number.", "headers", name)
    text = str(value)
    if _CONTROL.search(text):
        raise InvalidInput("The value of a header must not contain line breaks or control characters.", "headers", name)
    if text != text.strip():
        raise InvalidInput("The value of a header must not begin or end with a space.", "headers", name)
    return require_storable(text, "headers", name)


def _check_total_size(headers: Sequence[tuple[str, str]]) -> None:
    size = sum(len(name) + len(value.encode()) for name, value in headers)
    if size > MAX_HEADER_BYTES:
        raise InvalidInput(f"The headers have {size} bytes; the limit is {MAX_HEADER_BYTES}.", "headers")
