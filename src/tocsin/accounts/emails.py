"""Email addresses, written the one way in which they are stored and compared."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

from tocsin.errors import InvalidInput

LONGEST = 254
"""Characters: the longest address that fits into an SMTP path (RFC 5321 section 4.5.3.1.3)."""


def normalise_email(text: str, *path: str) -> str:
    """The address in lower case and NFC, its domain as people write it (`bücher.de`, not `xn--bcher-kva.de`).

    Whether the domain exists is not asked. Names under `.test` (RFC 6761) are accepted.
    Raises InvalidInput at `path` (default `email`).
    """
    path = path or ("email",)
    if len(text) > LONGEST:
        raise InvalidInput(f"An email address has at most {LONGEST} characters.", *path)
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidInput(f"This is not an email address such as name@example.com: {error}", *path) from None
    return unicodedata.normalize("NFC", found.normalized.lower())
