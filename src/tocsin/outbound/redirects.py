"""Which request follows a redirect (RFC 9110 section 15.4), and what it may carry. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from yarl import URL

from tocsin.outbound.failures import HttpFailure, bad_url

STATUSES = frozenset({301, 302, 303, 307, 308})
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
URL_LIMIT = 2048
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on the way: what is sent where."""

    method: str
    url: URL
    headers: Headers
    body: bytes | None


def parse_url(text: str) -> URL | str:
    """The URL that `text` is, or a sentence that says why it cannot be called."""
    if len(text) > URL_LIMIT:
        return f"It is longer than {URL_LIMIT} characters."
    if _SPACE_OR_CONTROL.search(text):
        return "It contains a space or a control character. Percent-encode it, as %20."
    try:
        url = URL(text)
        port = url.port
        if text.isascii():  # yarl would write %2F in a query as a slash, which breaks signed URLs
            url = URL(text, encoded=True)
    except ValueError:
        return "It is not a valid URL."
    if url.scheme not in {"http", "https"}:
        return "It must begin with http:// or https://."
    if not url.host or port == 0:
        return "It has no host." if not url.host else "Port 0 cannot be called."
    return url


def next_hop(hop: Hop, status: int, location: str, secret_names: frozenset[str]) -> Hop | HttpFailure:
    """The request after `hop` was answered with redirect `status` to `location`.

    `secret_names` (lower case) are headers that, like `SECRET_HEADERS`, never go on to another origin.
    """
    target = _target(hop.url, location)
    if isinstance(target, str):
        return bad_url(f"{hop.url.authority} redirects to {location[:200]!r}, which cannot be called. {target}")
    following = replace(hop, url=target)
    if target.origin() != hop.url.origin():
        following = replace(following, headers=_without(hop.headers, secret_names | SECRET_HEADERS))
    if (status == 303 and hop.method != "HEAD") or (status in {301, 302} and hop.method == "POST"):
        headers = _without(following.headers, _BODY_HEADERS)
        following = replace(following, method="GET", headers=headers, body=None)
    return following


def _target(base: URL, location: str) -> URL | str:
    try:
        joined = base.join(URL(location, encoded=location.isascii()))
        return parse_url(str(joined.with_user(None) if joined.raw_user or joined.raw_password else joined))
    except ValueError:
        return "It is not a valid URL."


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in names]
