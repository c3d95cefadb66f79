"""Cookies that servers set on the way of one request through its redirects (RFC 6265). Nothing outlives the request."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any, cast
from urllib.request import Request

from yarl import URL

from tocsin.outbound.redirects import Headers, Hop

SHORTEST_SECRET = 16
"""Characters of a cookie's value that is masked where it is echoed: session ids are longer, settings are not."""
LONGEST_COOKIE = 4096
"""Bytes of a cookie with its attributes; RFC 6265 section 6.1 asks for no more, nor for more cookies of one host."""
MOST_COOKIES = 50
MOST_OF_ALL = 100
"""Cookies of all hosts on the way of one request: what was sent is looked for in what comes back."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """As much of an answer as a CookieJar looks at."""

    message: Message

    def info(self) -> Message:
        """Its headers."""
        return self.message


class RequestCookies:
    """The cookies of one request and its redirects.

    Each goes back only to the host that set it, whatever Domain it names: we have no list of public suffixes. Path,
    Secure and expiry hold.
    """

    def __init__(self) -> None:
        self._jars: dict[str, CookieJar] = {}
        self._named: dict[str, set[str]] = {}
        self._sent: set[str] = set()

    def keep(self, url: URL, fields: Sequence[str]) -> None:
        """Keep what `url` set by these Set-Cookie fields. What is not UTF-8, too long or one too many is left out."""
        message, host = Message(), url.raw_host or ""
        names = set(self._named.get(host, ()))
        most = min(MOST_COOKIES, MOST_OF_ALL - sum(map(len, self._named.values())) + len(names))
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
        """The headers of `hop` with these cookies. They replace those of the same names in the user's Cookie header."""
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

    def secrets(self) -> list[tuple[str, str]]:
        """Return what was sent and is to be masked where a target echoes it, as headers."""
        return [("Cookie", pair) for pair in sorted(self._sent) if len(pair.partition("=")[2]) >= SHORTEST_SECRET]

    def _deleted(self, host: str, jar: CookieJar) -> set[str]:
        return self._named[host] - {cookie.name for cookie in jar}


def _pairs(jar: CookieJar, url: URL) -> list[str]:
    request = _record(url)
    jar.add_cookie_header(request)
    header = request.get_header("Cookie") or ""
    return [pair for pair in header.split("; ") if pair]


def _record(url: URL) -> Request:
    """Return a request as a CookieJar wants to see it. Nothing is opened."""
    return Request(str(url))  # noqa: S310


def _name(pair: str) -> str:
    return pair.partition("=")[0].strip()


def _is_fit(field: str) -> bool:
    try:
        return len(field.encode()) <= LONGEST_COOKIE
    except UnicodeEncodeError:
        return False
