"""Approval requests between users: a workflow can only ask people who accept requests from its owner."""

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.accounts.emails import normalise_email
from tocsin.config import Settings
from tocsin.documents import Database, User
from tocsin.errors import Conflict, InvalidInput

MAX_ACCEPTED_ADDRESSES = 200
"""Maximum addresses that one user accepts requests from."""


@dataclass(frozen=True, slots=True)
class ApprovalRequestRules:
    """The rules for approval requests.

    With `requires_confirmed_address`, owners must have a confirmed address to send them. With `admins_accept_everyone`,
    administrators receive requests from everyone.
    """

    requires_confirmed_address: bool = False
    admins_accept_everyone: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> "ApprovalRequestRules":
        """Return the rules that the settings define."""
        return cls(settings.requires_confirmed_addresses, settings.admin_requests == "everyone")

    def can_be_asked(self, person: User, owner: User) -> bool:
        """Tell whether workflows of `owner` may ask this person."""
        if person.id == owner.id:
            return True
        if self.requires_confirmed_address and not owner.email_confirmed:
            return False
        return (self.admins_accept_everyone and person.is_admin) or owner.email in person.accepts_requests_from


def describe_refusal(asks: str, people: Iterable[User], owner: User, rules: ApprovalRequestRules) -> str | None:
    """Return why none of these people is asked, or None if at least one is. `asks` is how the workflow names them.

    The text for an address without an account is the same.
    """
    if any(rules.can_be_asked(person, owner) for person in people):
        return None
    if rules.requires_confirmed_address and not owner.email_confirmed:
        return "Nobody was asked: your email address is not confirmed. Call requestEmailConfirmation to get a link."
    call = f'acceptRequestsFrom(input: {{email: "{owner.email}"}})'
    who = "No administrator accepts" if asks == "admins" else f"{asks} does not accept"
    reason = f"{who} requests from you yet. To accept them: {call}."
    return f"Nobody was asked by mail: {reason} Anyone who may decide still can."


async def accept_requests(database: Database, user: User, email: str) -> tuple[str, bool]:
    """Let workflows of the user with this address ask `user`. Returns the address, and whether it was added.

    The result does not reveal whether the address has an account. Raises InvalidInput; Conflict at the limit.
    """
    address = normalise_email(email)
    if address == user.email:
        raise InvalidInput("Your own workflows may ask you anyway.", "email")
    if address in user.accepts_requests_from:
        return address, False
    if len(user.accepts_requests_from) >= MAX_ACCEPTED_ADDRESSES:
        raise Conflict(
            f"You accept requests from {MAX_ACCEPTED_ADDRESSES} addresses, which is the limit. Refuse some of them.",
            "email",
        )
    await database.users.update_one({"_id": user.id}, {"$addToSet": {"accepts_requests_from": address}})
    return address, True


async def refuse_requests(database: Database, user: User, email: str) -> str:
    """Stop workflows of the user with this address from asking `user`. Returns the address. Raises InvalidInput."""
    address = normalise_email(email)
    await database.users.update_one({"_id": user.id}, {"$pull": {"accepts_requests_from": address}})
    return address
