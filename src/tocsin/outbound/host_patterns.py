"""Patterns of hosts that a secret may be sent to: a name, an address, or all names below `*.example.com`. Pure.

Hosts are compared in the form in which they are called: in ASCII and lower case, without a dot at the end.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yarl import URL

from tocsin.outbound.failures import HttpFailure
from tocsin.outbound.urls import parse_url, target_key

_ANY = "*."
_MAX_LENGTH = 253
_NO_HOST = re.compile(r"[/?#@\\*\s]")
_WANTED = "Give a host such as hooks.example.com, *.example.com or 192.0.2.7: without scheme, port, user and path."
_TOO_WIDE = "A pattern must name at least two labels after `*.`, as in *.example.com."


@dataclass(frozen=True, slots=True)
class SecretHosts:
    """The name of a secret that is part of a request, and the patterns of the hosts that it may be sent to."""

    name: str
    patterns: Sequence[str]


def parse_host_pattern(text: str) -> str:
    """Return a pattern in the form in which hosts are compared. Raises ValueError with a sentence."""
    text = text.strip()
    base = text.removeprefix(_ANY)
    if base != text:
        host = _parse_host(f"x.{base}").removeprefix("x.")
        if "." not in host:
            raise ValueError(_TOO_WIDE)
        return _ANY + host
    return _parse_host(text)


def covers_pattern(patterns: Iterable[str], wanted: str) -> bool:
    """Tell whether every host that matches `wanted` matches one of the patterns."""
    return any(one == wanted or (one.startswith(_ANY) and wanted.endswith(one[1:])) for one in patterns)


def find_host_refusal(url: URL, secrets: Iterable[SecretHosts]) -> HttpFailure | None:
    """Return why a request with these secrets may not go to `url`; None if it may."""
    host = _normalize_host(url)
    for secret in secrets:
        if not covers_pattern(secret.patterns, host):
            return HttpFailure.secret_refused(secret.name, secret.patterns, url)
    return None


def _parse_host(text: str) -> str:
    is_address = text.count(":") > 1
    parsed = parse_url(f"http://[{text.strip('[]')}]/" if is_address else f"http://{text}/")
    if isinstance(parsed, str) or len(text) > _MAX_LENGTH or _NO_HOST.search(text) or (":" in text and not is_address):
        raise ValueError(_WANTED)
    return _normalize_host(parsed)


def _normalize_host(url: URL) -> str:
    return target_key(url).rpartition(":")[0]
