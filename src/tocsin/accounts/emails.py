"""The email addresses of accounts, written the one way in which they are stored and compared."""

import unicodedata

from tocsin.errors import InvalidInput
from tocsin.outbound.addresses import parse_address


def normalise_email(text: str, *path: str) -> str:
    """The address in lower case and NFKC, its domain as people write it (`bücher.de`, not `xn--bcher-kva.de`).

    So what only looks like an address, in full-width letters say, is that address, and nobody else can have it.
    Whether the domain exists is not asked. Names under `.test` (RFC 6761) are accepted.
    Raises InvalidInput at `path` (default `email`).
    """
    path = path or ("email",)
    try:
        found = parse_address(unicodedata.normalize("NFKC", text))
    except ValueError as error:
        raise InvalidInput(str(error), *path) from None
    if not found.is_public:
        message = f"{str(found)!r} is not an email address such as name@example.com: its domain is not on the Internet."
        raise InvalidInput(message, *path)
    return unicodedata.normalize("NFKC", str(found).lower())


def spell_email(text: str) -> str:
    """The one spelling of an address, and of what is none the text in lower case: to find what is kept under it."""
    try:
        return normalise_email(text)
    except InvalidInput:
        return text.strip().lower()
