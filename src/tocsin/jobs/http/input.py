"""Validation of the parameters of an HTTP call, and sealing of its secrets for storage."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import field_validator
from yarl import URL

from tocsin.errors import ErrorCollector, InvalidInput
from tocsin.input_models import ParamsModel
from tocsin.jobs.http.body import HttpBodyDocument, prepare_body, require_storable
from tocsin.jobs.http.callbacks import (
    check_placeholders,
    check_within,
    check_without_marker,
    compact_placeholders,
    fill_with_sample,
)
from tocsin.jobs.http.params import HttpParams, HttpParamsDocument, SealedHeader
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.redirects import SECRET_HEADERS
from tocsin.outbound.url_guard import find_static_failure
from tocsin.outbound.urls import origin, parse_url
from tocsin.security.secret_box import SecretBox

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_HEADER_BYTES = 16_384
MAX_HEADERS = 50
MAX_CONNECT_TIMEOUT = 300

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110 section 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # all but the tab
_RESERVED_HEADERS = frozenset(
    {"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer"}
    | {"upgrade", "expect", "host", "accept-encoding", "idempotency-key", "tocsin-callback-url"}
)


class ExpectCallback(ParamsModel):
    """The time within which the target is expected to call back."""

    within: timedelta


class HttpInput(ParamsModel):
    """Parameters as users write them by API, YAML and command line, with at most one of `body`, `bodyText` and
    `bodyForm`. Headers named in `secretHeaders` are stored encrypted. Methods are accepted in any case.

    On an update, None for the `token` or for the value of a secret header keeps the stored one. So does a name that is
    only in `secretHeaders`. An empty `token` removes it.
    """

    url: str
    method: str = "GET"
    headers: dict[str, Any] | None = None
    secret_headers: list[str] = []
    body: Any = None
    body_text: str | None = None
    body_form: dict[str, Any] | None = None
    token: str | None = None
    connect_timeout: timedelta | None = None
    expect_callback: ExpectCallback | None = None

    @field_validator("headers", mode="before")
    @classmethod
    def _read_list(cls, value: Any) -> Any:
        """Read a list of names and values, as the API returns headers."""
        if not isinstance(value, list):
            return value
        if not all(isinstance(each, dict) and each.keys() == {"name", "value"} for each in value):
            raise ValueError("A list of headers has objects with a name and a value.")
        names = [str(each["name"]) for each in value]
        if len({name.lower() for name in names}) < len(names):
            raise ValueError("A header is given twice.")
        return {str(each["name"]): each["value"] for each in value}

    @field_validator("method")
    @classmethod
    def _check_method(cls, value: str) -> str:
        if value.upper() not in METHODS:
            raise ValueError(f"The method must be one of {', '.join(METHODS)}.")
        return value.upper()


def prepare_http_params(
    given: HttpInput,
    box: SecretBox,
    owner: str,
    previous: Mapping[str, Any] | None = None,
    rules: ConnectionRules | None = None,
    marker: str | None = None,
) -> HttpParamsDocument:
    """Return the fields of HttpParams to store for `given`. `previous` are the stored ones, on an update.

    `marker` stands for the callback URL in evaluated parameters, instead of placeholders, which may come from data.
    Raises InvalidInput with the path in the API's input, also for a URL that the `rules` never allow.
    """
    before = HttpParams.model_validate(previous) if previous is not None else None
    faults = ErrorCollector()
    checked = _check_input(given, before, rules, faults, marker)
    secret = checked.secret_headers
    token = faults.try_parse(_resolve_token, given, before, {name.lower() for name in secret})
    faults.raise_if_any()
    if before is not None and not _is_same_origin(before.url, checked.url):
        _refuse_kept_secrets(token if given.token is None else None, secret)
    stored: HttpParamsDocument = {
        "url": checked.url,
        "method": given.method,
        "headers": [{"name": name, "value": value} for name, value in checked.headers],
        "secret_headers": [
            {"name": name, "sealed": value.sealed if isinstance(value, SealedHeader) else box.seal(value, owner)}
            for name, value in secret.items()
        ],
        "body": checked.body,
        "token": token if given.token is None or token is None else box.seal(token, owner),
        "connect_timeout": checked.connect_timeout,
    }
    if checked.within is not None:
        stored["expect_callback"] = {"within": checked.within}
        if marker is not None:
            stored["expect_callback"]["marker"] = marker
    return stored


def check_http_input(given: HttpInput) -> None:
    """Validate the input without storing it. The token is not checked. Raises MultipleInvalid."""
    faults = ErrorCollector()
    _check_input(given, None, None, faults)
    faults.raise_if_any()


@dataclass(frozen=True, slots=True)
class _CheckedInput:
    url: str
    headers: list[tuple[str, str]]
    secret_headers: dict[str, str | SealedHeader]
    body: HttpBodyDocument | None
    connect_timeout: float | None
    within: float | None


def _check_input(
    given: HttpInput,
    before: HttpParams | None,
    rules: ConnectionRules | None,
    faults: ErrorCollector,
    marker: str | None = None,
) -> _CheckedInput:
    expected = given.expect_callback
    url = faults.try_parse(_check_url, given.url, rules, expected is not None, marker) or ""
    headers, secret = faults.try_parse(_split_headers, given, before) or ([], {})
    body = faults.try_parse(prepare_body, given.body, given.body_text, given.body_form)
    connect_timeout = faults.try_parse(_check_connect_timeout, given.connect_timeout)
    within = None if expected is None else faults.try_parse(check_within, expected.within)
    if expected is not None:
        faults.try_parse(check_placeholders, (url, [value for _, value in headers], body), marker)
    else:
        faults.try_parse(check_without_marker, (url, [value for _, value in headers], body), marker)
    return _CheckedInput(url, headers, secret, body, connect_timeout, within)


def find_url_refusal(url: URL | str, rules: ConnectionRules) -> str | None:
    """Return a sentence why the rules never allow a URL; None if they may, or if it is not a parsed URL."""
    refusal = None if isinstance(url, str) else find_static_failure(url, rules)
    return None if refusal is None else f"The url cannot be called. {refusal.message} {refusal.hint}"


def _check_url(url: str, rules: ConnectionRules | None, expects_callback: bool, marker: str | None) -> str:
    require_storable(url, "url")
    url = compact_placeholders(url) if expects_callback and marker is None else url
    parsed = parse_url(fill_with_sample(url, marker) if expects_callback else url)
    if isinstance(parsed, str):
        raise InvalidInput(f"The url cannot be called. {parsed}", "url")
    if rules is not None and (refusal := find_url_refusal(parsed, rules)) is not None:
        raise InvalidInput(refusal, "url")
    return url


def _is_same_origin(before: str, after: str) -> bool:
    """Return whether both URLs have the same scheme, host and port."""
    old, new = parse_url(before), parse_url(after)
    return before == after or (isinstance(old, URL) and isinstance(new, URL) and origin(old) == origin(new))


def _refuse_kept_secrets(token: str | None, secret: Mapping[str, str | SealedHeader]) -> None:
    """Refuse to send stored secrets to another server. Otherwise users who can edit a task, but not see its secrets,
    could have them sent to a server of theirs.
    """
    why = "The url has another scheme, host or port than before, and the new server must not get the stored"
    kept = [name for name, value in secret.items() if isinstance(value, SealedHeader)]
    if kept:
        message = f"{why} value of {kept[0]}. Give the value again, or leave {kept[0]} out to remove it."
        raise InvalidInput(message, "headers", kept[0])
    if token is not None:
        raise InvalidInput(f"{why} token. Give the token again, or an empty one to remove it.", "token")


def _check_connect_timeout(timeout: timedelta | None) -> float | None:
    seconds = None if timeout is None else timeout.total_seconds()
    if seconds is not None and not 0 < seconds <= MAX_CONNECT_TIMEOUT:
        message = f"The connect timeout must be more than 0 and at most {MAX_CONNECT_TIMEOUT} seconds."
        raise InvalidInput(message, "connectTimeout")
    return seconds


def _split_headers(
    given: HttpInput, before: HttpParams | None
) -> tuple[list[tuple[str, str]], dict[str, str | SealedHeader]]:
    stored = {header.name.lower(): header for header in before.secret_headers} if before else {}
    all_given = _collect_headers(given)
    hidden = SECRET_HEADERS | {name.lower() for name in given.secret_headers}
    plain: list[tuple[str, str]] = []
    secret: dict[str, str | SealedHeader] = {}
    for name, value in all_given.items():
        if value is None:
            secret[name] = _keep_stored(name, hidden, stored)
        elif name.lower() in hidden:
            secret[name] = _check_header_value(name, value)
        else:
            plain.append((name, _check_header_value(name, value)))
    _check_total_size([*plain, *((name, str(value)) for name, value in secret.items() if isinstance(value, str))])
    return plain, secret


def _collect_headers(given: HttpInput) -> dict[str, Any]:
    """Return the validated headers by name. Those that are only named as secret have the value None."""
    headers = dict(given.headers or {})
    present = {name.lower() for name in headers}
    if len(present) < len(headers):
        raise InvalidInput("A header is given twice, in different case.", "headers")
    headers.update({name: None for name in given.secret_headers if name.lower() not in present})
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


def _resolve_token(given: HttpInput, before: HttpParams | None, secret_names: set[str]) -> str | None:
    """Return the new token in plain text, or the stored one, still sealed, if none is given."""
    if given.token is None:
        return before.token if before is not None and "authorization" not in secret_names else None
    if given.token == "":
        return None
    if "authorization" in secret_names:
        raise InvalidInput("Give either a token or an Authorization header: both set the same header.", "token")
    if not given.token.isascii() or not given.token.isprintable() or " " in given.token:
        raise InvalidInput("The token must consist of printable ASCII characters without spaces.", "token")
    if len(given.token) > MAX_HEADER_BYTES // 2:
        raise InvalidInput(f"The token must have at most {MAX_HEADER_BYTES // 2} characters.", "token")
    return given.token
