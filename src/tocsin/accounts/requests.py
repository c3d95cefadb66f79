"""Whose workflows may ask whom to decide: only those of users whose requests somebody accepts."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.accounts.emails import normalise_email
from tocsin.config import Settings
from tocsin.documents import Database, User
from tocsin.errors import Conflict, InvalidInput

MOST = 200
"""Addresses that one user accepts requests from."""


@dataclass(frozen=True, slots=True)
class RequestRules:
    """The rules of who may ask whom to decide. `confirms`: requests come only from confirmed addresses.

    `to_admins`: administrators get requests from everyone.
    """

    confirms: bool = False
    to_admins: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "RequestRules":
        """The part of the settings that is about it."""
        return cls(settings.confirms_addresses, settings.admin_requests == "everyone")

    def accept(self, person: User, owner: User) -> bool:
        """Tell whether the workflows of `owner` may ask this person."""
        if person.id == owner.id:
            return True
        if self.confirms and not owner.email_confirmed:
            return False
        return (self.to_admins and person.is_admin) or owner.email in person.accepts_requests_from


def refusal_text(asks: str, people: Iterable[User], owner: User, rules: RequestRules) -> str | None:
    """Why nobody of these people, who are called `asks`, is asked; None if somebody is.

    Says the same of an address without an account.
    """
    if any(rules.accept(person, owner) for person in people):
        return None
    if rules.confirms and not owner.email_confirmed:
        return "Nobody was asked: your own email address is not confirmed. requestEmailConfirmation mails you the link."
    call = f'acceptRequestsFrom(input: {{email: "{owner.email}"}})'
    who = "No administrator accepts" if asks == "admins" else f"{asks} does not accept"
    return f"Nobody was asked by mail: {who} requests from you yet, which takes {call}. Whoever may decide still can."


async def accept_requests(database: Database, user: User, email: str) -> tuple[str, bool]:
    """Let the workflows of the user with this address ask this one. The address, and whether that is new.

    Says the same whether or not the address has an account. Raises InvalidInput, Conflict when there are too many.
    """
    address = normalise_email(email)
    if address == user.email:
        raise InvalidInput("Your own workflows may ask you anyway.", "email")
    if address in user.accepts_requests_from:
        return address, False
    if len(user.accepts_requests_from) >= MOST:
        raise Conflict(f"You accept requests from {MOST} addresses, which is the limit. Refuse some of them.", "email")
    await database.users.update_one({"_id": user.id}, {"$addToSet": {"accepts_requests_from": address}})
    return address, True


async def refuse_requests(database: Database, user: User, email: str) -> str:
    """Let the workflows of the user with this address ask this one no more; the address. Raises InvalidInput."""
    address = normalise_email(email)
    await database.users.update_one({"_id": user.id}, {"$pull": {"accepts_requests_from": address}})
    return address
