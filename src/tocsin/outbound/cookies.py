"""Cookies that servers set along the redirects of one request (RFC 6265). None of them outlives the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any, cast
from urllib.request import Request

from yarl import URL

from tocsin.outbound.redirects import CONTROL_CHARACTER, Headers, Hop

MIN_SECRET_LENGTH = 16
"""Minimum length of a cookie's value to be masked where it is echoed: session ids are longer, settings are not."""
MAX_COOKIE_BYTES = 4096
"""Bytes of a cookie with its attributes. RFC 6265 section 6.1 requires no more, nor more cookies of one host."""
MAX_COOKIES_PER_HOST = 50
MAX_COOKIES = 100
"""Cookies of all hosts during one request. Each sent one is searched for in the response."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """The part of a response that a CookieJar reads."""

    message: Message

    def info(self) -> Message:
        """Return the headers."""
        return self.message


class RequestCookies:
    """The cookies of one request and its redirects.

    A cookie is sent only to the host that set it, whatever Domain it names, for want of a list of public suffixes.
    Path, Secure and expiry are respected.
    """

    def __init__(self) -> None:
        self._jars: dict[str, CookieJar] = {}
        self._named: dict[str, set[str]] = {}
        self._sent: set[str] = set()

    def store(self, url: URL, fields: Sequence[str]) -> None:
        """Store the cookies of these Set-Cookie fields. Ones that are not text, too long or too many are dropped."""
        message, host = Message(), url.raw_host or ""
        names = set(self._named.get(host, ()))
        most = min(MAX_COOKIES_PER_HOST, MAX_COOKIES - sum(map(len, self._named.values())) + len(names))
        for field in filter(_is_fit, fields):
            name = _name(field)
            if name in names or len(names) < most:
                names.add(name)
                message["Set-Cookie"] = field
        if not message:
            return
        answer = cast("Any", _Answer(message))
        self._jars.setdefault(host, CookieJar()).extract_cookies(answer, _record(url))
        self._named[host] = names

    def headers_for(self, hop: Hop) -> Headers:
        """Return the headers of `hop` with its cookies, which replace those of equal names in the user's header."""
        jar = self._jars.get(hop.url.raw_host or "")
        if jar is None:
            return hop.headers
        pairs = _pairs(jar, hop.url)
        self._sent.update(pairs)
        replaced = {_name(pair) for pair in pairs} | self._deleted(hop.url.raw_host or "", jar)
        given = [pair.strip() for name, value in hop.headers if name.lower() == "cookie" for pair in value.split(";")]
        whole = "; ".join([*(pair for pair in given if _name(pair) not in replaced), *pairs])
        others = [(name, value) for name, value in hop.headers if name.lower() != "cookie"]
        return [*others, ("Cookie", whole)] if whole else others

    def secret_headers(self) -> list[tuple[str, str]]:
        """Return the sent cookies, as headers, that are to be masked where a target echoes them."""
        if not self._sent:
            return []
        return [("Cookie", pair) for pair in sorted(self._sent) if len(pair.partition("=")[2]) >= MIN_SECRET_LENGTH]

    def _deleted(self, host: str, jar: CookieJar) -> set[str]:
        return self._named[host] - {cookie.name for cookie in jar}


def _pairs(jar: CookieJar, url: URL) -> list[str]:
    request = _record(url)
    jar.add_cookie_header(request)
    header = request.get_header("Cookie") or ""
    return [pair for pair in header.split("; ") if pair]


def _record(url: URL) -> Request:
    """Return a request in the form that CookieJar expects. Nothing is opened."""
    return Request(str(url))  # noqa: S310


def _name(pair: str) -> str:
    return pair.partition("=")[0].strip()


def _is_fit(field: str) -> bool:
    if CONTROL_CHARACTER.search(field):  # RFC 6265bis section 5.6
        return False
    try:
        return len(field.encode()) <= MAX_COOKIE_BYTES
    except UnicodeEncodeError:
        return False
