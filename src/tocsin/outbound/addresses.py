"""The one reader of email addresses: of accounts, of jobs, of workflow steps. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

LONGEST = 254
"""Characters: the longest address that fits into an SMTP path (RFC 5321 section 4.5.3.1.3)."""
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
"""Characters that show nothing, of those that the library lets pass (Default_Ignorable_Code_Point in Unicode)."""
_ANY_DOMAIN = ".test"
"""Behind a name that only an inner network knows (`mailhost`, `corp.local`): its form is checked, and nothing else."""


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address whose domain has its one spelling: lower case, in Unicode (`bücher.de`, not `xn--bcher-kva.de`).

    The local part keeps its case, since only its own server knows whether that matters (RFC 5321 section 2.4), but its
    characters are those that others only stand for (NFKC): a full-width letter is the letter. `is_public` says that the
    domain may exist on the Internet.
    """

    local: str
    domain: str
    is_public: bool

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_address(text: str) -> MailAddress:
    """The bare address that this is, without a name or brackets. Raises ValueError with a sentence for its author."""
    if len(text) > LONGEST:
        raise ValueError(f"An email address has at most {LONGEST} characters.")
    text = unicodedata.normalize("NFKC", text).strip()
    if _INVISIBLE.search(text):
        raise ValueError("An email address must not contain characters that nobody sees.")
    try:
        return _as_address(_validated(text), is_public=True)
    except EmailNotValidError as error:
        shown = text.encode("utf-8", "replace").decode()
        message = f"{shown!r} is not an email address such as name@example.com: {error}"
    try:
        inner = _as_address(_validated(text + _ANY_DOMAIN), is_public=False)
    except EmailNotValidError:
        raise ValueError(message) from None
    return MailAddress(inner.local, inner.domain.removesuffix(_ANY_DOMAIN), is_public=False)


def ascii_domain(domain: str) -> str:
    """The domain as every mail server takes it (`xn--bcher-kva.de`); of what is none, itself."""
    try:
        return _validated(f"x@{domain}").ascii_domain
    except EmailNotValidError:
        return domain


def parse_domain(text: str) -> str:
    """The one spelling of a domain; of what is none, itself in lower case."""
    try:
        return parse_address(f"x@{text}").domain
    except ValueError:
        return text.strip().lower()


def distinct_addresses(texts: Iterable[str]) -> list[str]:
    """These addresses, each in its one spelling and once, in their order. Raises ValueError."""
    return list(dict.fromkeys(str(parse_address(text)) for text in texts))


def _validated(text: str) -> ValidatedEmail:
    return validate_email(text, check_deliverability=False, test_environment=True)


def _as_address(found: ValidatedEmail, *, is_public: bool) -> MailAddress:
    return MailAddress(unicodedata.normalize("NFKC", found.local_part), found.domain.lower(), is_public)
