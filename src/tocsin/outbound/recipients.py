"""Whom the jobs of one user may write to. Pure.

A server that mails whoever its users name is soon on every block list, so it is a setting (TOCSIN_EMAIL_RECIPIENTS).
"""

import unicodedata
from dataclasses import dataclass

from tocsin.outbound.addresses import parse_domain

SETTING_HINT = "This server lets you write only to {}; the operator sets TOCSIN_EMAIL_RECIPIENTS."
_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class RecipientRules:
    """What the setting says (`allowed`: owner, addresses, domains, any), for the user with the address `owner`."""

    allowed: str
    owner: str

    def allow(self, address: str) -> bool:
        """Tell whether a job of this user may write to this address."""
        allowed = {_one_spelling(part) for part in self.allowed.split(",")}
        address = _one_spelling(address)
        to_owner = "owner" in allowed and address == _one_spelling(self.owner)
        return to_owner or not allowed.isdisjoint({"any", address, address.rpartition("@")[2]})

    def refusal(self, address: str) -> str | None:
        """Why this user's jobs may not write to the address; None if they may."""
        return None if self.allow(address) else f"{address} may not be written to. {self.hint}"

    @property
    def hint(self) -> str:
        """Who may be written to, and who decides it."""
        return SETTING_HINT.format(self.allowed.strip() or _NOBODY)


def _one_spelling(address_or_domain: str) -> str:
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", address_or_domain).strip().lower())
    local, at, domain = text.rpartition("@")
    return f"{local}{at}{parse_domain(domain)}"
