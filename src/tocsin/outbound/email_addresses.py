"""Parsing of email addresses, for accounts, jobs and workflow steps alike. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

MAX_ADDRESS_LENGTH = 254
"""Characters of the longest address that fits into an SMTP path (RFC 5321 section 4.5.3.1.3)."""
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
"""Invisible characters that the library accepts (Default_Ignorable_Code_Point in Unicode)."""
_ANY_DOMAIN = ".test"
"""Appended to names that only a private network knows (`mailhost`, `corp.local`), to check their form alone."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address with a normalized domain: lower case, in Unicode (`bücher.de`, not `xn--bcher-kva.de`).

    The local part keeps its case, since only its own server knows whether that matters (RFC 5321 section 2.4), but is
    normalized to NFKC: a full-width letter becomes the plain one. `is_public` tells whether the domain may exist on
    the Internet.
    """

    local: str
    domain: str
    is_public: bool

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_address(text: str) -> MailAddress:
    """Parse a bare address, without a name or brackets. Raises ValueError with a sentence for its author."""
    if len(text) > MAX_ADDRESS_LENGTH:
        raise ValueError(f"An email address has at most {MAX_ADDRESS_LENGTH} characters.")
    text = unicodedata.normalize("NFKC", text).strip()
    if _INVISIBLE.search(text):
        raise ValueError("An email address must not contain invisible characters.")
    try:
        return _to_address(_validate(text), is_public=True)
    except EmailNotValidError as error:
        shown = text.encode("utf-8", "replace").decode()
        message = f"{shown!r} is not an email address such as name@example.com: {error}"
    try:
        inner = _to_address(_validate(text + _ANY_DOMAIN), is_public=False)
    except EmailNotValidError:
        raise ValueError(message) from None
    return MailAddress(inner.local, inner.domain.removesuffix(_ANY_DOMAIN), is_public=False)


def to_ascii_domain(domain: str) -> str:
    """Return the domain in ASCII (`xn--bcher-kva.de`), or unchanged if it is not a valid one."""
    try:
        return _validate(f"x@{domain}").ascii_domain
    except EmailNotValidError:
        return domain


def parse_domain(text: str) -> str:
    """Return the normalized domain, or the text in lower case if it is not a valid one."""
    try:
        return parse_address(f"x@{text}").domain
    except ValueError:
        return text.strip().lower()


def parse_distinct_addresses(texts: Iterable[str]) -> list[str]:
    """Parse these addresses and drop duplicates, keeping their order. Raises ValueError."""
    return list(dict.fromkeys(str(parse_address(text)) for text in texts))


def _validate(text: str) -> ValidatedEmail:
    return validate_email(text, check_deliverability=False, test_environment=True)


def _to_address(found: ValidatedEmail, *, is_public: bool) -> MailAddress:
    return MailAddress(unicodedata.normalize("NFKC", found.local_part), found.domain.lower(), is_public)
