"""Lists of users and of the audit log."""

from datetime import UTC, datetime, timedelta

import pytest

from tocsin.accounts.listing import query_audit_log, query_users
from tocsin.clock import MILLISECOND
from tocsin.documents import AuditAction, AuditEntry, Database, User
from tocsin.documents.paging import PageArguments, fetch_page
from tocsin.errors import InvalidInput

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = PageArguments(first=100, after=None, last=None, before=None)


@pytest.fixture
async def users(database: Database) -> None:
    for number, (name, is_admin, is_active) in enumerate(
        [("alice", False, True), ("bob", False, False), ("carol", True, True), ("dave", True, False)]
    ):
        at = T0 + timedelta(days=number)
        email = f"{name}@example.com"
        await User(email=email, password="-", is_admin=is_admin, is_active=is_active, created_at=at).insert()


async def listed(database: Database, email: str | None = None, **flags: bool) -> list[str]:
    query = query_users(database, email, is_active=flags.get("is_active"), is_admin=flags.get("is_admin"))
    return [row["email"].partition("@")[0] for row in (await fetch_page(query, ALL)).rows]


@pytest.mark.usefixtures("users")
async def test_users_are_listed_with_the_newest_first(database: Database) -> None:
    assert await listed(database) == ["dave", "carol", "bob", "alice"]
    assert await listed(database, is_active=True) == ["carol", "alice"]
    assert await listed(database, is_active=False, is_admin=True) == ["dave"]
    assert await listed(database, is_admin=False) == ["bob", "alice"]


@pytest.mark.usefixtures("users")
async def test_users_are_found_by_a_part_of_their_address(database: Database) -> None:
    assert await listed(database, "AL") == ["alice"]
    assert await listed(database, "a", is_active=True) == ["carol", "alice"]
    assert await listed(database, "a.i") == []  # a dot is no wildcard
    with pytest.raises(InvalidInput) as caught:
        await listed(database, "x" * 201)
    assert caught.value.path == ("email",)


@pytest.mark.usefixtures("users")
async def test_a_list_of_users_does_not_read_their_passwords(database: Database) -> None:
    rows = (await fetch_page(query_users(database, None, is_active=None, is_admin=None), ALL)).rows
    assert not any("password" in row for row in rows)


async def test_the_audit_log_is_filtered_by_account_action_and_time(database: Database) -> None:
    for hour, (email, action) in enumerate(
        [
            ("alice@example.com", AuditAction.SIGNED_UP),
            ("bob@example.com", AuditAction.SIGNED_UP),
            ("alice@example.com", AuditAction.LOGGED_IN),
        ]
    ):
        at = T0 + timedelta(hours=hour)
        same = {"actor": None, "actor_name": "", "user": None, "address": "", "user_agent": ""}
        await AuditEntry(at=at, action=action, email=email, **same).insert()

    async def hours(
        email: str | None = None,
        actions: tuple[AuditAction, ...] = (),
        first: datetime | None = None,
        last: datetime | None = None,
    ) -> list[int]:
        page = await fetch_page(query_audit_log(database, email, actions, first, last), ALL)
        return [(row["at"] - T0) // timedelta(hours=1) for row in page.rows]

    assert await hours() == [2, 1, 0]
    assert await hours("Alice@Example.COM") == [2, 0]
    assert await hours(actions=(AuditAction.SIGNED_UP,)) == [1, 0]
    assert await hours("alice@example.com", (AuditAction.SIGNED_UP,)) == [0]
    assert await hours(first=T0 + timedelta(hours=1)) == [2, 1]
    assert await hours(last=T0 + timedelta(hours=1) - MILLISECOND) == [0]
