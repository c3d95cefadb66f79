"""The canonical form of email addresses, in which accounts store and compare them."""

import unicodedata

from tocsin.errors import InvalidInput
from tocsin.outbound.email_addresses import parse_address


def normalise_email(text: str, *path: str) -> str:
    """Return the address in lower case and NFKC, with a Unicode domain (`bücher.de`, not `xn--bcher-kva.de`).

    Look-alikes, such as full-width letters, therefore normalise to the same address and cannot get an account of
    their own. The domain need not exist, and names under `.test` (RFC 6761) are accepted.
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


def email_key(text: str) -> str:
    """Return the normalised address, or the text in lower case if it is not an address. For look-ups only."""
    try:
        return normalise_email(text)
    except InvalidInput:
        return text.strip().lower()
