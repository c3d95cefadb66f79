"""The secret parts of a header, and the forms in which a target may echo them. Pure."""

import base64
import binascii
from collections.abc import Iterator
from itertools import islice

_MAX_COOKIES = 50  # of one Cookie header whose values are masked separately
_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})


def find_secret_values(name: str, value: str) -> Iterator[str]:
    """Yield the value of a secret header, and the parts of it that may be echoed separately: the credentials of an
    authorization, the user and password of a basic one, the values of cookies.
    """
    yield value.strip()
    if name.lower() in _CREDENTIALS:
        scheme, _, credentials = value.strip().partition(" ")
        yield credentials.strip()
        if scheme.lower() == "basic":
            yield from _basic_credentials(credentials)
    elif name.lower() == "cookie":
        for pair in islice(value.split(";"), _MAX_COOKIES):
            yield pair.partition("=")[2].strip(' "')


def echoed_forms(value: str) -> Iterator[str]:
    """Yield `value`, its form encoding, UTF-8 read as Latin-1, and the part of its base64 that does not depend on what
    surrounds it.
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


def _basic_credentials(credentials: str) -> Iterator[str]:
    try:
        decoded = base64.b64decode(credentials.strip()).decode()
    except (binascii.Error, ValueError):
        return
    user, _, password = decoded.partition(":")
    yield decoded
    yield password or user  # an API key may be given as the user, without a password
