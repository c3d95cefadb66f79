"""Parsing of the values of settings. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tocsin.durations import parse_duration

# The ports of `standard` in TOCSIN_DENIED_PORTS. First the "bad ports" of the Fetch standard, which browsers refuse
# (https://fetch.spec.whatwg.org/#port-blocking, as of 2026); then file shares, databases, caches and message brokers.
STANDARD_DENIED_PORTS = (
    "1,7,9,11,13,15,17,19-23,25,37,42,43,53,69,77,79,87,95,101-104,109-111,113,115,117,119,123,135,137,139,143,161,179,"
    "389,427,465,512-515,526,530-532,540,548,554,556,563,587,601,636,989,990,993,995,1719,1720,1723,2049,3659,4045,4190,"
    "5060,5061,6000,6566,6665-6669,6679,6697,10080,"
    "445,873,1433,1434,1521,1883,2181,3306,3389,5432,5671,5672,5900,6379,6380,9042,9092,11211,26379,27017-27019"
)
_PORTS = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_CANARY = re.compile(r"https?://[^\s/?#@]+(?:[/?][^\s#]*)?")
_LONGEST_URL = 2_000
_LONGEST_WAIT = timedelta(days=366)


def parse_ports(text: str) -> frozenset[int]:
    """Parse a list of TCP ports: numbers, ranges such as `6665-6669`, and `standard`; or `none`. Raises ValueError."""
    if text.strip().lower() == "none":
        return frozenset()
    return frozenset(port for part in split_list(text) for port in _ports_of(part))


def parse_offset(text: str) -> timedelta:
    """Parse an ISO 8601 duration of at most 366 days. Raises ValueError."""
    try:
        wait = parse_duration(text)
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None
    if wait > _LONGEST_WAIT:
        raise ValueError(f"{text!r} is too long: a wait is at most P366D")
    return wait


def _ports_of(part: str) -> Iterable[int]:
    if part.lower() == "standard":
        return parse_ports(STANDARD_DENIED_PORTS)
    match = _PORTS.fullmatch(part)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last <= 65535:
        raise ValueError(f"{part!r} is not a port, a range such as 6665-6669, or the word standard; none stands alone")
    return range(first, last + 1)


def parse_canary_url(text: str) -> str:
    """Check the form of the URL of a canary. Raises ValueError. Whether it may be called is checked at the start."""
    if _CANARY.fullmatch(text) is None or len(text) > _LONGEST_URL:
        raise ValueError(
            f"{text[:_LONGEST_URL]!r} is not a URL such as https://example.org/, without user, password and fragment"
        )
    return text


def parse_origin(text: str) -> str:
    """Parse an origin and normalize it as browsers do: lower case, without a default port. Raises ValueError."""
    match = _ORIGIN.fullmatch(text.strip().lower())
    if match is None or int(match["port"] or 0) > 65_535:
        raise ValueError(f"{text!r} is not an origin such as https://app.example.com: scheme, host, port, nothing more")
    port = match["port"] and str(int(match["port"]))
    is_default = port == {"http": "80", "https": "443"}[match["scheme"]]
    return f"{match['scheme']}://{match['host']}" + (f":{port}" if port and not is_default else "")


def decode_key(text: str) -> bytes:
    """Decode an AES-256 key from base64, URL-safe or not. Raises ValueError."""
    try:
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ValueError("must be 32 bytes in base64, as `openssl rand -base64 32` prints them")
    return key


def decode_keys(text: str) -> tuple[bytes, ...]:
    """Decode one or more AES-256 keys, separated by commas. Raises ValueError."""
    return tuple(decode_key(part.strip()) for part in text.split(","))


def split_list(value: Any) -> list[Any]:
    """Split a text at commas, without empty parts; return the items of a list as they are."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value)
