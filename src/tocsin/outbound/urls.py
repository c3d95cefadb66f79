"""Parsing of the URLs that may be called, and their serialization by the WHATWG URL standard. Pure.

Parsers disagree about unusual hosts, but the URL that is checked must be the one that is called. So the host as written
(in ASCII) must be a plain host name or a plain address; anything else is refused rather than guessed. The URL
standard's parser must then find the same host and port, and its serialization is what is called.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

import ada_url
from yarl import URL

MAX_URL_LENGTH = 8192
_SENT_LIMIT = 32_768  # percent-encoded, up to 12 octets stand for one character
_MALFORMED = (ValueError, IndexError)  # raised by the parsers; the latter for http://[]@
_SPACE = "It contains a space or a control character. Percent-encode it, as %20."
_SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_INVALID = "It is not a valid URL."
_TOO_LONG = f"It is longer than {MAX_URL_LENGTH} characters."
_USER = "It must not contain a user name or password, which would be stored unencrypted."
_HOST = "Its host is neither a host name nor a plain IP address, or its port is not a number."
_SCHEME = "It must begin with http:// or https://."
_NUMBER_HOST = "Its host is an ambiguous number. Write an IPv4 address as four decimal numbers, such as 93.184.216.34."
_FORM = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]*)?(?:[/?#].*)?", re.ASCII | re.IGNORECASE)
# A URL whose host and port need no mapping.
_PLAIN = re.compile(r"(https?)://([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)(?::([0-9]{1,5}))?(?:[/?#][\x21-\x7e]*)?", re.ASCII)
_STANDARD_PORTS = {"http": 80, "https": 443}
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)
_SERIALIZED = re.compile(r"(https?://)(?:[^/?#@]*@)?([^/?#@]+)(/[^#]*)(?:#.*)?")
# The host of a URL reference, as the URL standard reads it relative to an http(s) base.
_REFERENCE = re.compile(r"(?:https?:)?[/\\]*(?:[^/\\?#]*@)?([^/\\?#]*)", re.IGNORECASE)
_STRIPPED = "".join(map(chr, range(0x21)))
_DROPPED = str.maketrans("", "", "\t\n\r")
_AUTHORITY = re.compile(r"//([^/?#]*)")
_MAX_AUTHORITY = 300
"""Characters of a host that is mapped to ASCII, which takes seconds for thousands. A host name has 253 at most."""
_RAW_BYTE = re.compile(r"[\udc80-\udcff]")  # the result of surrogateescape for a byte that is not UTF-8


@lru_cache(maxsize=512)
def parse_url(text: str) -> URL | str:
    """Parse `text` into the URL that is called, or return a sentence that says why it cannot be called.

    The URL is serialized by the URL standard, without the fragment, which is never sent.
    """
    if len(text) > MAX_URL_LENGTH:
        return _TOO_LONG
    return _SPACE if _SPACE_OR_CONTROL.search(text) else _parse(text)


@lru_cache(maxsize=512)
def show_url(text: str) -> str:
    """Return the URL that is called for `text`, which reveals lookalike hosts; `text` itself if it cannot be called."""
    parsed = parse_url(text)
    return text if isinstance(parsed, str) else str(parsed)


def resolve_redirect(base: URL, location: str) -> URL | str:
    """Return the URL that `base` redirects to, or a sentence that says why it cannot be called.

    `location` is resolved against `base` as in browsers. Bytes that are not UTF-8 are given as lone surrogates, and are
    percent-encoded. A user name or password is dropped: it would replace the credentials of the task.
    """
    if len(location) > MAX_URL_LENGTH:
        return _TOO_LONG
    reference = _RAW_BYTE.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", location)
    try:
        found = _SERIALIZED.fullmatch(ada_url.join_url(str(base), reference))
    except _MALFORMED:
        return _INVALID
    if found is None:
        return _SCHEME
    scheme, host, rest = found.groups()
    stays = str(base).startswith(f"{scheme}{host}/")
    parsed = _parse(f"{scheme}{host if stays else _written_host(reference)}{rest}")
    return parsed if isinstance(parsed, str) or str(parsed) == f"{scheme}{host}{rest}" else _INVALID


def origin(url: URL) -> tuple[str, str, int | None]:
    """Return the origin of `url`: scheme, host and port."""
    return url.scheme, (url.raw_host or "").lower(), url.port


def target_key(url: URL) -> str:
    """Return the normalized `host:port` of the URL, by which rates, limits and circuits count."""
    host = (url.raw_host or "").lower().removesuffix(".")
    if ":" in host:
        address = IPv6Address(host)
        host = str(address.ipv4_mapped or f"[{address}]")
    return f"{host}:{url.port}"


def parse_target_key(text: str) -> str | None:
    """Return the normalized `host:port` of a URL as text; None if it is not a valid URL."""
    if plain := _PLAIN.fullmatch(text):  # nearly all are plain, and parsing is slow
        scheme, host, port = plain.groups()
        return f"{host}:{int(port) if port else _STANDARD_PORTS[scheme]}"
    parsed = parse_url(text)
    return None if isinstance(parsed, str) else target_key(parsed)


def display_authority(url: URL) -> str:
    """Return host and port as they are called, for messages: homographs become visible."""
    return f"{url.host_subcomponent}:{url.port}"


def _parse(text: str) -> URL | str:
    if not text.isascii() and (found := _AUTHORITY.search(text)) and len(found[1]) > _MAX_AUTHORITY:
        return _HOST
    try:
        # IDNA with the mapping of UTS 46: full-width digits and dots become ASCII before the checks.
        written = text if text.isascii() else str(URL(text))
        judged = URL(written, encoded=True)
        return _find_fault(judged, written) or _serialize(ada_url.normalize_url(text), judged)
    except _MALFORMED:
        return _INVALID


def _serialize(href: str, judged: URL) -> URL | str:
    sent = href.partition("#")[0]
    if len(sent) > _SENT_LIMIT:
        return f"It is longer than {_SENT_LIMIT} characters when it is percent-encoded."
    url = URL(sent, encoded=True)
    if sent.endswith("?") and str(url) != sent:
        # yarl drops an empty query; as part of the path it stays.
        url = URL.build(scheme=url.scheme, authority=url.raw_authority, path=url.raw_path + "?", encoded=True)
    alike = (url.scheme, url.port, _host(url)) == (judged.scheme, judged.port, _host(judged))
    return url if alike and str(url) == sent else _INVALID


def _host(url: URL) -> str | IPv6Address:
    host = (url.raw_host or "").lower()
    return IPv6Address(host) if ":" in host else host


def _written_host(reference: str) -> str:
    found = _REFERENCE.match(reference.strip(_STRIPPED).translate(_DROPPED))
    return found[1] if found else ""


def _find_fault(url: URL, written: str) -> str | None:
    port = url.port  # raises ValueError if it is not a valid one, whatever the scheme
    if url.scheme not in {"http", "https"}:
        return _SCHEME
    if not url.raw_host or port == 0:
        return "Port 0 cannot be called." if url.raw_host else "It has no host."
    if url.raw_user is not None or url.raw_password is not None:
        return _USER
    form = _FORM.fullmatch(written)
    if form is None or form[1].strip("[]") != url.raw_host:
        return _HOST
    return _find_address_fault(form[1]) if form[1].startswith("[") else _find_name_fault(form[1])


def _find_address_fault(bracketed: str) -> str | None:
    try:
        IPv6Address(bracketed.strip("[]"))
    except ValueError:
        return _HOST
    return None


def _find_name_fault(host: str) -> str | None:
    labels = host.removesuffix(".").split(".")
    if not all(labels):
        return _HOST
    if _NUMBER.fullmatch(labels[-1]) is None:
        return None
    try:
        IPv4Address(host)
    except ValueError:
        return _NUMBER_HOST
    return None
