"""Approval requests: the rules, and the list of accepted addresses."""

import pytest

from tocsin import clock
from tocsin.accounts.approval_requests import (
    MAX_ACCEPTED_ADDRESSES,
    ApprovalRequestRules,
    accept_requests,
    describe_refusal,
    refuse_requests,
)
from tocsin.documents import Database, User
from tocsin.errors import Conflict, InvalidInput


def person(name: str, *accepted: str, is_admin: bool = False, confirmed: bool = True) -> User:
    return User(
        id=name, email=f"{name}@example.com", is_admin=is_admin, email_confirmed=confirmed, password="-",
        accepts_requests_from=list(accepted), is_active=True, created_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
async def _models(database: Database) -> None:
    """Bind the database, without which User objects cannot be created."""


@pytest.mark.usefixtures("_models")
def test_only_users_who_accept_requests_are_asked() -> None:
    alice, willing, admin = person("alice"), person("bob", "alice@example.com"), person("carol", is_admin=True)
    rules = ApprovalRequestRules()
    asked = [rules.can_be_asked(each, alice) for each in (alice, person("bob"), willing, admin)]
    assert asked == [True, False, True, False]
    assert ApprovalRequestRules(admins_accept_everyone=True).can_be_asked(admin, alice)
    unknown = person("alice", confirmed=False)
    assert not ApprovalRequestRules(requires_confirmed_address=True, admins_accept_everyone=True).can_be_asked(
        willing, unknown
    )
    assert not ApprovalRequestRules(requires_confirmed_address=True, admins_accept_everyone=True).can_be_asked(
        admin, unknown
    )


@pytest.mark.usefixtures("_models")
def test_what_is_said_is_the_same_of_an_unknown_address() -> None:
    alice, rules = person("alice"), ApprovalRequestRules(requires_confirmed_address=True)
    unwilling = describe_refusal("bob@example.com", [person("bob")], alice, rules)
    assert unwilling == describe_refusal("bob@example.com", [], alice, rules)
    assert unwilling is not None
    assert 'acceptRequestsFrom(input: {email: "alice@example.com"})' in unwilling
    assert describe_refusal("bob@example.com", [person("bob", "alice@example.com")], alice, rules) is None
    own = describe_refusal("bob@example.com", [], person("alice", confirmed=False), rules)
    assert own is not None
    assert "requestEmailConfirmation" in own


async def test_a_list_that_grows_and_shrinks_within_bounds(database: Database) -> None:
    bob = await person("bob").insert()
    assert await accept_requests(database, bob, "Alice@Example.com") == ("alice@example.com", True)
    bob = await User.get("bob") or bob
    assert bob.accepts_requests_from == ["alice@example.com"]
    assert await accept_requests(database, bob, "alice@example.com") == ("alice@example.com", False)
    assert await refuse_requests(database, bob, "ALICE@example.com") == "alice@example.com"
    assert (await User.get("bob") or bob).accepts_requests_from == []
    for wrong in ("no address", "bob@example.com"):
        with pytest.raises(InvalidInput):
            await accept_requests(database, bob, wrong)
    full = person("dave", *(f"a{number}@example.com" for number in range(MAX_ACCEPTED_ADDRESSES)))
    with pytest.raises(Conflict):
        await accept_requests(database, full, "alice@example.com")
