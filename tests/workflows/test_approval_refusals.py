"""Reasons why an approval asks nobody are read once for a page of workflow runs."""

import pytest

from tests.workflows.samples import add_user
from tocsin.accounts.approval_requests import ApprovalRequestRules, accept_requests
from tocsin.documents import Database
from tocsin.workflows import approval_refusals
from tocsin.workflows.approval_refusals import ApprovalRefusals


class Seconds:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def find_reason(refusals: ApprovalRefusals, owner: str, asks: str) -> str | None:
    return (await refusals.find_reasons([(owner, asks)]))[owner, asks]


async def test_a_reason_is_kept_for_a_second(database: Database) -> None:
    await add_user("alice")
    bob = await add_user("bob")
    seconds = Seconds()
    refusals = ApprovalRefusals(ApprovalRequestRules(), seconds)
    before = await find_reason(refusals, "alice", "bob@example.com")
    assert "bob@example.com does not accept requests from you yet" in str(before)
    await accept_requests(database, bob, "alice@example.com")
    seconds.now = 0.9
    assert await find_reason(refusals, "alice", "bob@example.com") == before
    seconds.now = 1.0
    assert await find_reason(refusals, "alice", "bob@example.com") is None


async def test_each_owner_and_each_address_has_a_reason_of_its_own(database: Database) -> None:
    for name in ("alice", "carol"):
        await add_user(name)
    await add_user("bob", "carol@example.com")
    refusals = ApprovalRefusals(ApprovalRequestRules())
    assert await find_reason(refusals, "carol", "bob@example.com") is None
    assert "bob@example.com" in str(await find_reason(refusals, "alice", "bob@example.com"))
    assert "No administrator" in str(await find_reason(refusals, "alice", "admins"))
    assert await find_reason(refusals, "alice", "alice@example.com") is None
    assert await find_reason(refusals, "unknown", "admins") is None


@pytest.mark.parametrize("asks", ["nobody@example.com", "not an address"])
async def test_an_address_without_an_account_is_refused_like_one_with_it(database: Database, asks: str) -> None:
    await add_user("alice")
    await add_user("bob")
    refusals = ApprovalRefusals(ApprovalRequestRules())
    of_bob = str(await find_reason(refusals, "alice", "bob@example.com"))
    assert await find_reason(refusals, "alice", asks) == of_bob.replace("bob@example.com", asks)


async def test_the_cache_is_bounded(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval_refusals, "_MAX_CACHED", 3)
    await add_user("alice")
    refusals = ApprovalRefusals(ApprovalRequestRules())
    for number in range(10):
        await find_reason(refusals, "alice", f"{number}@example.com")
        assert len(refusals._cached) <= 3
