"""The request that follows a redirect (RFC 9110 section 15.4), and the headers that it may carry. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from yarl import URL

from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.urls import display_authority, origin, resolve_redirect

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_BODY_HEADERS = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""The characters that no header may contain: all controls but the tab (RFC 9110 section 5.5)."""
_MAX_SHOWN = 200

Headers = Sequence[tuple[str, str]]


@dataclass(slots=True)  # not frozen: every attempt makes one, in a quarter of the time
class Hop:
    """One request in a chain of redirects."""

    method: str
    url: URL
    headers: Headers
    body: bytes | None


def follow_redirect(hop: Hop, status: int, location: str, secret_names: frozenset[str]) -> Hop | HttpFailure:
    """Return the request that follows `hop` after a redirect with `status` to `location`.

    `secret_names` (lower case) are headers that, like `SECRET_HEADERS`, are not forwarded to another origin.
    """
    target = resolve_redirect(hop.url, location)
    if isinstance(target, str):
        return HttpFailure.url_invalid(
            f"{display_authority(hop.url)} redirects to {_shown(location)}, which cannot be called. {target}"
        )
    following = replace(hop, url=target)
    if origin(target) != origin(hop.url):
        following = replace(following, headers=_without(hop.headers, secret_names | SECRET_HEADERS))
    if (status == 303 and hop.method != "HEAD") or (status in {301, 302} and hop.method == "POST"):
        headers = _without(following.headers, _BODY_HEADERS)
        following = replace(following, method="GET", headers=headers, body=None)
    return following


def _shown(location: str) -> str:
    """Return the location whole or not at all: part of a secret in it could not be recognized and masked."""
    return repr(location) if len(location) <= _MAX_SHOWN else f"a URL of {len(location)} characters"


def _without(headers: Headers, names: frozenset[str]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in names]
