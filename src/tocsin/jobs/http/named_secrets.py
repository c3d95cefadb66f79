"""The named secrets of an HTTP call: inserted just before it is sent, and into nothing that is recorded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

from yarl import URL

from tocsin.documents import ErrorKind
from tocsin.jobs.base import AttemptError
from tocsin.jobs.http.body import MAX_BODY_BYTES, HttpBody, encode_body
from tocsin.jobs.http.call_context import CallContext
from tocsin.jobs.http.headers import MAX_HEADER_BYTES
from tocsin.jobs.http.params import HttpParams
from tocsin.jobs.http.secret_headers import Header
from tocsin.jobs.http.secret_references import ReferenceRules
from tocsin.named_secrets.references import (
    MAX_REFERENCES,
    fill_references,
    find_names,
    make_secret_marker,
    mark_references,
    secret_key,
    show_references,
)
from tocsin.named_secrets.store import NamedSecret
from tocsin.outbound.host_patterns import SecretHosts
from tocsin.outbound.redirects import CONTROL_CHARACTER
from tocsin.outbound.urls import parse_url, show_url
from tocsin.security.secret_box import SecretUnreadable

_IN_AUTHORITY = re.compile(r"https?://[^/?#\\]*", re.IGNORECASE)
_PATH_CHARACTERS = "/:@!$&'()*+,;=~"
_MIN_PATH_LENGTH = 8
_MIN_PART_LENGTH = 16
_MAX_PARTS = 8
"""Parts of one URL that are masked separately, the longest ones: more would make masking slow."""
_SHOWN_MARKER = make_secret_marker()
"""Stands for references in a URL that is normalized to be shown. It never changes, since parsed URLs are cached."""
_UNREADABLE = AttemptError(
    ErrorKind.SECRET_UNREADABLE,
    "A named secret of this job cannot be decrypted with the current encryption key.",
    "Set the secret again, or ask the operator to restore TOCSIN_ENCRYPTION_KEY.",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its secrets inserted, and the form of it that is shown. `secret` are the headers that are not shown.

    `shown_headers` are the headers with references, by name in lower case. `echoes` are what is masked in responses,
    beside the secret headers. `hosts` are the named secrets with the hosts that they may be sent to.
    """

    params: HttpParams
    secret: list[Header] = field(repr=False)
    shown_url: str
    shown_headers: Mapping[str, str] = field(default_factory=dict)
    echoes: Sequence[Header] = field(default=(), repr=False)
    hosts: tuple[SecretHosts, ...] = ()


class SecretsUnusable(Exception):
    """The call cannot be made with these secrets. `error` is for the owner of the task."""

    def __init__(self, message: str, hint: str, kind: ErrorKind = ErrorKind.BAD_PARAMS) -> None:
        super().__init__(message)
        self.error = AttemptError(kind, message, hint, retryable=False)


async def fill_call(params: HttpParams, secret: list[Header], context: CallContext) -> Call | AttemptError:
    """Return the call with the values of its named secrets, or why it cannot be made. `secret` are sealed headers."""
    if params.named_secrets is None:
        return Call(params, secret, show_url(params.url))
    try:
        return insert_secrets(params, secret, await _open_secrets(params, secret, context))
    except SecretsUnusable as unusable:
        return unusable.error
    except SecretUnreadable:
        return _UNREADABLE


def insert_secrets(params: HttpParams, secret: list[Header], named: Mapping[str, NamedSecret]) -> Call:
    """Return the call with these secrets, by their name in lower case. Raises SecretsUnusable."""
    use = params.named_secrets
    return _Filler(named, None if use is None else use.marker).fill(params, secret)


def find_referenced(params: HttpParams, secret: Sequence[Header]) -> list[str]:
    """Return the names of the secrets that a call references, as often as it does."""
    if params.named_secrets is None:
        return []
    return [name for text in _iter_texts(params, secret) for name in find_names(text, params.named_secrets.marker)]


def _make_echoes(secrets: Sequence[NamedSecret]) -> list[Header]:
    """Return what a target may echo of named secrets, in the form in which secrets are masked."""
    return [("", part) for secret in secrets for part in _find_echoed_parts(secret)]


async def _open_secrets(
    params: HttpParams, secret: Sequence[Header], context: CallContext
) -> Mapping[str, NamedSecret]:
    names = find_referenced(params, secret)
    if len(names) > MAX_REFERENCES:
        raise SecretsUnusable(
            f"The job references secrets {len(names)} times; at most {MAX_REFERENCES} are allowed.", "Use fewer."
        )
    if not names:
        return {}
    found = await context.open_secrets(context.owner, names)
    for name in names:
        if secret_key(name) not in found:
            hint = "Create the secret again with setSecret or in the dashboard, or change the job. Then retry the run."
            raise SecretsUnusable(f"There is no secret {name} any more.", hint, ErrorKind.SECRET_MISSING)
    return found


@dataclass(frozen=True, slots=True)
class _Filler:
    named: Mapping[str, NamedSecret] = field(repr=False)
    marker: str | None

    def fill(self, params: HttpParams, secret: list[Header]) -> Call:
        """Return the call with the values. Raises SecretsUnusable."""
        written = [(header.name, header.value) for header in params.headers]
        inserted = [header for header in written if self._names(header[1])]
        hidden = [self._fill_header(*header) for header in (*inserted, *secret)]
        others = [header for header in params.headers if (header.name, header.value) not in inserted]
        plain = [header.model_copy(update={"value": self._fill_text(header.value)}) for header in others]
        _check_size([*hidden, *((header.name, header.value) for header in plain)])
        url = fill_references(params.url, self.marker, self._find_in_url)
        return Call(
            params.model_copy(update={"url": url, "body": self._fill_body(params), "headers": plain}),
            hidden,
            self._show_url(params.url),
            {name.lower(): show_references(value, self.marker) for name, value in inserted},
            [*_make_echoes(list(self.named.values())), *self._find_called_host(params.url, url)],
            tuple(one.hosts for one in self.named.values()),
        )

    def _names(self, text: str) -> list[str]:
        return find_names(text, self.marker)

    def _find(self, name: str) -> str:
        return self.named[secret_key(name)].value

    def _fill_text(self, text: str) -> str:
        return fill_references(text, self.marker, lambda name, _: self._find(name))

    def _fill_header(self, name: str, value: str) -> Header:
        for used in self._names(value):
            if CONTROL_CHARACTER.search(self._find(used)):
                message = (
                    f"The secret {used} has a line break or control character, which the header {name} cannot have."
                )
                raise SecretsUnusable(message, "Set the secret again without it. Check the end of the value.")
        return name, self._fill_text(value)

    def _find_in_url(self, name: str, before: str) -> str:
        """Return a value as a part of a URL: percent-encoded, unless the URL begins with it, or it is in the host."""
        value = self._find(name)
        if not before or _IN_AUTHORITY.fullmatch(before):
            return value
        return quote(value, safe="" if "?" in before else _PATH_CHARACTERS)

    def _fill_body(self, params: HttpParams) -> HttpBody | None:
        body = params.body
        if body is None:
            return None
        filled = body.model_copy(update={"value": self._fill_value(body)})
        if len(encode_body(filled)[1] or b"") > MAX_BODY_BYTES:
            raise SecretsUnusable(
                f"With its secrets, the body has more than {MAX_BODY_BYTES} bytes.", "Send a smaller body."
            )
        return filled

    def _fill_value(self, body: HttpBody) -> str | list[tuple[str, str]]:
        if not isinstance(body.value, str):
            return [(name, self._fill_text(value)) for name, value in body.value]
        if body.kind == "text":
            return self._fill_text(body.value)
        return fill_references(body.value, self.marker, lambda name, _: _escape_for_json(self._find(name)))

    def _find_called_host(self, written: str, url: str) -> Iterator[Header]:
        """Yield the host that secrets determine, as it is called, which may be spelled in another way than in them."""
        if ReferenceRules(marker=self.marker).leaves_server_open(written) and isinstance(called := parse_url(url), URL):
            host = called.raw_host or ""
            if not any(host in secret.hosts.patterns for secret in self.named.values()):
                yield "", host

    def _show_url(self, url: str) -> str:
        """Return the URL as it is called, but with references."""
        marker = self.marker or _SHOWN_MARKER
        marked = url if self.marker is not None else mark_references(url, marker)
        return show_references(show_url(marked), marker, compact=True)


def _iter_texts(params: HttpParams, secret: Sequence[Header]) -> Iterator[str]:
    yield params.url
    yield from (header.value for header in params.headers)
    yield from (value for _, value in secret)
    if params.body is not None:
        value = params.body.value
        yield from [value] if isinstance(value, str) else (text for _, text in value)


def _escape_for_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _check_size(headers: Sequence[Header]) -> None:
    if sum(len(name) + len(value.encode()) for name, value in headers) > MAX_HEADER_BYTES:
        raise SecretsUnusable(
            f"With their secrets, the headers have more than {MAX_HEADER_BYTES} bytes.", "Send fewer."
        )


def _find_echoed_parts(secret: NamedSecret) -> Iterator[str]:
    """Yield a value, and the parts of it that may be shown separately: as a host, and those of a URL."""
    value = secret.value.strip()
    yield value
    if value != value.lower():  # as a part of a host, which is shown in lower case
        yield value.lower()
    try:
        parts, host = urlsplit(value), urlsplit(value).hostname or ""
    except ValueError:
        return
    if parts.scheme.lower() not in {"http", "https"}:
        return
    if host not in secret.hosts.patterns:  # a pattern allows it, so that it may be the secret
        yield host
    for path in {parts.path, f"{parts.path}?{parts.query}" if parts.query else ""}:
        if len(path) >= _MIN_PATH_LENGTH:
            yield path
    single = dict.fromkeys([*parts.path.split("/"), *(part for _, part in parse_qsl(parts.query))])
    yield from sorted((part for part in single if len(part) >= _MIN_PART_LENGTH), key=len)[-_MAX_PARTS:]
