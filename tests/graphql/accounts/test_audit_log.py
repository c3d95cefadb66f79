"""The audit log over the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.graphql.conftest import Api
from tocsin.accounts import Actor, audit
from tocsin.documents import AuditAction

QUERY = """query($f: AuditFilter) { auditLog(filter: $f) { nodes {
  id at action actor email detail address userAgent } } }"""
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def _entries(api: Api, **filter_: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.carol.ask(QUERY, f=filter_))["auditLog"]["nodes"]
    return found


async def _record(api: Api, *emails: str) -> None:
    """Record an entry about each address, one hour apart."""
    for hours, email in enumerate(emails):
        actor = Actor("1", "carol@example.test", "192.0.2.7", "a browser")
        await audit.record(AuditAction.QUOTA_CHANGED, actor, email=email, detail="TASKS: 5")
        at = {"$set": {"at": T0 + timedelta(hours=hours)}}
        await api.database.audit_entries.update_one({"email": email}, at)


async def test_an_entry_shows_who_did_what_and_from_where(api: Api) -> None:
    await _record(api, "a@example.test")
    (entry,) = await _entries(api)
    entry_id = entry.pop("id")
    assert entry == {
        "at": "2026-03-01T12:00:00Z",
        "action": "QUOTA_CHANGED",
        "actor": "carol@example.test",
        "email": "a@example.test",
        "detail": "TASKS: 5",
        "address": "192.0.2.7",
        "userAgent": "a browser",
    }
    node = "query($id: ID!) { node(id: $id) { id ... on AuditEntry { email } } }"
    assert (await api.carol.ask(node, id=entry_id))["node"] == {"id": entry_id, "email": "a@example.test"}
    assert (await api.alice.ask(node, id=entry_id))["node"] is None


async def test_the_filters_are_combined(api: Api) -> None:
    await _record(api, "a@example.test", "b@example.test")
    window = {"from": "2026-03-01T12:00:00Z", "to": "2026-03-01T13:00:00Z"}
    assert [entry["email"] for entry in await _entries(api)] == ["b@example.test", "a@example.test"]
    assert [entry["email"] for entry in await _entries(api, at=window)] == ["a@example.test"]
    assert [entry["email"] for entry in await _entries(api, email="B@example.test")] == ["b@example.test"]
    assert await _entries(api, email="b@example.test", at=window) == []
    assert await _entries(api, action=["LOGGED_IN"]) == []
    assert len(await _entries(api, action=["LOGGED_IN", "QUOTA_CHANGED"], email=None, at=None)) == 2
