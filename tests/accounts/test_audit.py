"""The audit log."""

from datetime import timedelta

import pytest
import structlog
from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.accounts import Accounts, Actor, audit
from tocsin.documents import AuditAction, AuditEntry, Database
from tocsin.errors import UserError

ALICE = "alice@example.com"
PASSWORD = "tram ticket lemon"
BROWSER = Actor(address="192.0.2.7", user_agent="a browser")


async def test_what_is_done_to_an_account_is_remembered(database: Database, accounts: Accounts) -> None:
    grant = await accounts.sign_up(ALICE, PASSWORD, BROWSER)
    with pytest.raises(UserError):
        await accounts.log_in("\ud800@example.com" + "x" * 1000, PASSWORD, BROWSER)
    await accounts.log_out(grant.refresh_token, BROWSER)
    entries = await database.audit_entries.find({}).sort("_id", 1).to_list()
    assert [(entry["action"], entry["actor_name"]) for entry in entries] == [
        ("SIGNED_UP", ALICE), ("LOG_IN_FAILED", ""), ("LOGGED_OUT", ALICE),
    ]  # fmt: skip
    assert {(entry["address"], entry["user_agent"]) for entry in entries} == {("192.0.2.7", "a browser")}


async def test_untrusted_text_is_escaped_and_cut_in_the_log_and_the_audit_log(
    database: Database, accounts: Accounts
) -> None:
    typed = "x\n2026-01-01 [info] forged\x1b[31m\u202e\u009b" + "y" * 5_000
    with structlog.testing.capture_logs() as lines, pytest.raises(UserError):
        await accounts.log_in(typed, PASSWORD, Actor(user_agent="curl\r\nx" * 1_000))
    (entry,) = await audit.list_entries(database, 10, clock.now())
    for text in (lines[0]["email"], entry["email"], entry["user_agent"]):
        assert text.isprintable()
        assert len(text) < 500
    assert lines[0]["email"].startswith("x\\n2026-01-01 [info] forged\\x1b[31m\\u202e\\x9by")


async def test_the_latest_entries_are_returned_first_however_old_they_are(database: Database) -> None:
    now = clock.now()
    for hours in (0, 2, 24 * 400):
        await audit.record(AuditAction.SIGNED_UP, Actor(), email=f"{hours}@example.com")
        await database.audit_entries.update_one(
            {"email": f"{hours}@example.com"}, {"$set": {"at": now - timedelta(hours=hours)}}
        )
    for limit in (1, 2, 3, 4):
        found = await audit.list_entries(database, limit, now)
        assert [entry["email"] for entry in found] == ["0@example.com", "2@example.com", "9600@example.com"][:limit]


async def test_an_entry_is_found_by_its_id(database: Database) -> None:
    await audit.record(AuditAction.USER_CREATED, BROWSER, email="a@example.com")
    (entry,) = await audit.list_entries(database, 1, clock.now())
    assert await audit.find_entry(database, entry["_id"]) == entry
    assert await audit.find_entry(database, "another") is None


async def test_entries_are_filtered_by_account_and_action(database: Database) -> None:
    for email, action in ((ALICE, AuditAction.SIGNED_UP), (ALICE, AuditAction.LOGGED_OUT), ("b@example.com", None)):
        await audit.record(action or AuditAction.SIGNED_UP, Actor(), email=email)
    found = await audit.list_entries(database, 10, clock.now(), email=ALICE.upper())
    assert {entry["action"] for entry in found} == {"SIGNED_UP", "LOGGED_OUT"}
    (entry,) = await audit.list_entries(database, 10, clock.now(), email=ALICE, action=AuditAction.LOGGED_OUT)
    assert entry["action"] == "LOGGED_OUT"
    assert len(await audit.list_entries(database, 10, clock.now(), action=AuditAction.SIGNED_UP)) == 2


async def test_entries_before_a_time_are_deleted_in_batches(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_DELETE_BATCH", 2)
    for _ in range(5):
        await audit.record(AuditAction.SIGNED_UP, Actor(), email=ALICE)
    kept = clock.now() + timedelta(hours=1)
    await database.audit_entries.update_one({}, {"$set": {"at": kept}})
    assert await audit.prune_entries(database, kept) == 4
    assert await database.audit_entries.count_documents({}) == 1
    assert await audit.prune_entries(database, kept) == 0


async def test_an_entry_that_cannot_be_written_does_not_fail_the_action(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise PyMongoError("away")

    monkeypatch.setattr(AuditEntry, "insert", fail)
    with structlog.testing.capture_logs() as lines:
        await audit.record(AuditAction.SIGNED_UP, Actor(), email=ALICE)
    assert [line["log_level"] for line in lines] == ["info", "error"]
