"""What is secret about a header, and the forms in which a target may send it back. Pure."""

import base64
import binascii
from collections.abc import Iterator
from itertools import islice

_COOKIES = 50  # of one Cookie header whose values are looked for one by one
_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})


def secret_values(name: str, value: str) -> Iterator[str]:
    """The value of a secret header, and what stands in it that may be echoed apart: the credentials of an
    authorization, the user and password of a basic one, the values of cookies.
    """
    yield value.strip()
    if name.lower() in _CREDENTIALS:
        scheme, _, credentials = value.strip().partition(" ")
        yield credentials.strip()
        if scheme.lower() == "basic":
            yield from _basic(credentials)
    elif name.lower() == "cookie":
        for pair in islice(value.split(";"), _COOKIES):
            yield pair.partition("=")[2].strip(' "')


def forms_of(value: str) -> Iterator[str]:
    """`value`, as forms write it, as servers that know no UTF-8 read it, and what any base64 text has that encodes it,
    whatever stands before and behind it.
    """
    raw = value.encode()
    yield value
    yield value.replace(" ", "+")
    yield raw.decode("latin-1")
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        certain = encoded[(0, 2, 3)[shift] : (shift + len(raw)) * 8 // 6]
        yield certain
        yield certain.replace("+", "-").replace("/", "_")


def _basic(credentials: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(credentials.strip()).decode()
    except (binascii.Error, ValueError):
        return
    user, _, password = decoded.partition(":")
    yield decoded
    yield password or user  # an API key may stand in the place of the user, alone
