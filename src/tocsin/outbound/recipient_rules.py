"""Restrictions on the recipients of jobs' mails. Pure.

A server that mails anybody its users name is soon on every block list, so the operator restricts the recipients with
TOCSIN_EMAIL_RECIPIENTS.
"""

import unicodedata
from dataclasses import dataclass

from tocsin.outbound.email_addresses import parse_domain

SETTING_HINT = "This server lets your jobs send mail only to {}. The operator sets TOCSIN_EMAIL_RECIPIENTS."
_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class RecipientRules:
    """The setting (`allowed`: owner, addresses, domains, any), applied to the user with the address `owner`."""

    allowed: str
    owner_email: str

    def is_allowed(self, address: str) -> bool:
        """Tell whether this user's jobs may send mail to this address."""
        allowed = {_one_spelling(part) for part in self.allowed.split(",")}
        address = _one_spelling(address)
        to_owner = "owner" in allowed and address == _one_spelling(self.owner_email)
        return to_owner or not allowed.isdisjoint({"any", address, address.rpartition("@")[2]})

    def explain_refusal(self, address: str) -> str | None:
        """Explain why this user's jobs may not send mail to the address; None if they may."""
        return None if self.is_allowed(address) else f"Your jobs may not send mail to {address}. {self.hint}"

    @property
    def hint(self) -> str:
        """A sentence that names the allowed recipients, and who sets them."""
        return SETTING_HINT.format(self.allowed.strip() or _NOBODY)


def _one_spelling(address_or_domain: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address_or_domain).strip().lower())
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{parse_domain(domain)}"
