"""Which texts are URLs that may be called. Pure.

Parsers differ in what they make of odd hosts, and what is judged must be what is called. So the host is looked at in
the form in which it is called, in ASCII, and must be a plain host name or a plain address: oddities are refused, not
guessed at.
"""

import re
from ipaddress import IPv4Address, IPv6Address

from yarl import URL

URL_LIMIT = 2048
MALFORMED = (ValueError, IndexError)  # what yarl raises; the latter for http://[]@
SPACE = "It contains a space or a control character. Percent-encode it, as %20."
SPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_USER = "It must not carry a user name or password, which would be stored in the clear."
_HOST = "Its host is neither a host name nor a plain IP address, or its port is no number."
_NUMBER_HOST = (
    "Its host is a number that is read in several ways. Write an IPv4 address as four decimals, as 93.184.216.34."
)
_FORM = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]*)?(?:[/?#].*)?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)


def parse_url(text: str) -> URL | str:
    """The URL that `text` is, its host in ASCII, or a sentence that says why it cannot be called."""
    if len(text) > URL_LIMIT:
        return f"It is longer than {URL_LIMIT} characters."
    if SPACE_OR_CONTROL.search(text):
        return SPACE
    try:
        # IDNA with the mapping of UTS 46: full-width digits and dots become ASCII ones before anything is judged.
        written = text if text.isascii() else str(URL(text))
        url = URL(written, encoded=True)  # yarl would write %2F in a query as a slash, which breaks signed URLs
        return _fault(url, url.port, written) or url
    except MALFORMED:
        return "It is not a valid URL."


def origin(url: URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: who answers at `url`."""
    return url.scheme, (url.raw_host or "").lower(), url.port


def place(url: URL) -> str:
    """Host and port in the form in which they are called, for messages: homographs show as what they are."""
    return f"{url.host_subcomponent}:{url.port}"


def _fault(url: URL, port: int | None, written: str) -> str | None:
    if url.scheme not in {"http", "https"}:
        return "It must begin with http:// or https://."
    if not url.raw_host or port == 0:
        return "Port 0 cannot be called." if url.raw_host else "It has no host."
    if url.raw_user is not None or url.raw_password is not None:
        return _USER
    form = _FORM.fullmatch(written)
    if form is None or form[1].strip("[]") != url.raw_host:
        return _HOST
    return _address_fault(form[1]) if form[1].startswith("[") else _name_fault(form[1])


def _address_fault(bracketed: str) -> str | None:
    try:
        IPv6Address(bracketed.strip("[]"))
    except ValueError:
        return _HOST
    return None


def _name_fault(host: str) -> str | None:
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
