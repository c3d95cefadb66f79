"""Validation of the parameters of an HTTP call, and sealing of its secrets for storage."""

from collections.abc import Mapping
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
from tocsin.jobs.http.headers import MAX_HEADER_BYTES, split_headers
from tocsin.jobs.http.params import HttpParams, HttpParamsDocument, NamedSecretUseDocument, SealedHeader
from tocsin.jobs.http.secret_references import NO_REFERENCE_RULES, ReferenceRules, body_texts
from tocsin.named_secrets.references import find_names
from tocsin.named_secrets.store import secret_id
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.url_guard import find_static_failure
from tocsin.outbound.urls import origin, parse_url
from tocsin.security.secret_box import SecretBox

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MAX_CONNECT_TIMEOUT = 300


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
    references: ReferenceRules = NO_REFERENCE_RULES,
) -> HttpParamsDocument:
    """Return the fields of HttpParams to store for `given`. `previous` are the stored ones, on an update.

    `marker` stands for the callback URL in evaluated parameters, instead of placeholders, which may come from data.
    Raises InvalidInput with the path in the API's input, also for a URL that the `rules` never allow.
    """
    before = HttpParams.model_validate(previous) if previous is not None else None
    faults = ErrorCollector()
    checked = _check_input(given, before, rules, faults, marker, references)
    secret = checked.secret_headers
    token = faults.try_parse(_resolve_token, given, before, {name.lower() for name in checked.header_names}, references)
    faults.raise_if_any()
    named_secrets = _note_named_secrets(given, before, checked, token, references, owner)
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
    if named_secrets is not None:
        stored["named_secrets"] = named_secrets
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

    @property
    def header_names(self) -> list[str]:
        """The names of all headers."""
        return [*(name for name, _ in self.headers), *self.secret_headers]


def _check_input(
    given: HttpInput,
    before: HttpParams | None,
    rules: ConnectionRules | None,
    faults: ErrorCollector,
    marker: str | None = None,
    references: ReferenceRules = NO_REFERENCE_RULES,
) -> _CheckedInput:
    expected = given.expect_callback
    url = faults.try_parse(_check_url, given.url, rules, expected is not None, marker, references) or ""
    headers, secret = faults.try_parse(split_headers, given.headers, given.secret_headers, before, references) or (
        [],
        {},
    )
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


def _check_url(
    url: str, rules: ConnectionRules | None, expects_callback: bool, marker: str | None, references: ReferenceRules
) -> str:
    require_storable(url, "url")
    url = references.compact(url)
    references.check_texts([(("url",), url)])
    url = compact_placeholders(url) if expects_callback and marker is None else url
    called = fill_with_sample(url, marker) if expects_callback else url
    parsed = parse_url(references.fill_with_sample(called))
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


def _resolve_token(
    given: HttpInput, before: HttpParams | None, header_names: set[str], references: ReferenceRules
) -> str | None:
    """Return the new token in plain text, or the stored one, still sealed, if none is given."""
    if given.token is None:
        return before.token if before is not None and "authorization" not in header_names else None
    if given.token == "":
        return None
    if "authorization" in header_names:
        raise InvalidInput("Give either a token or an Authorization header: both set the same header.", "token")
    token = references.compact(given.token)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput("The token must consist of printable ASCII characters without spaces.", "token")
    if len(token) > MAX_HEADER_BYTES // 2:
        raise InvalidInput(f"The token must have at most {MAX_HEADER_BYTES // 2} characters.", "token")
    return token


def _note_named_secrets(
    given: HttpInput,
    before: HttpParams | None,
    checked: _CheckedInput,
    token: str | None,
    references: ReferenceRules,
    owner: str,
) -> NamedSecretUseDocument | None:
    """Check the references to named secrets, and return the note of them; None without any. Raises InvalidInput."""
    place = "body" if given.body is not None else "bodyText" if given.body_text is not None else "bodyForm"
    secret = checked.secret_headers
    plain = [*checked.headers, *((name, value) for name, value in secret.items() if isinstance(value, str))]
    texts = [(("url",), checked.url), *((("headers", name), value) for name, value in plain)]
    texts += body_texts(checked.body, place)
    if token is not None and given.token is not None:
        texts.append((("token",), token))
    references.check_texts(texts)
    references.check_hosts(checked.url, texts)
    references.check_bound(checked.url, secret, token, keeps_token=given.token is None)
    keeps = token is not None and given.token is None
    keeps = keeps or any(isinstance(value, SealedHeader) for value in secret.values())
    kept = before.named_secrets if keeps and before is not None else None
    if kept is None and not references.is_used(text for _, text in texts):
        return None
    if references.marker is not None:
        return {"marker": references.marker}
    ids = {secret_id(owner, name) for _, text in texts for name in find_names(text)} | set(kept.ids if kept else ())
    return {"ids": sorted(ids)} if ids else {}
