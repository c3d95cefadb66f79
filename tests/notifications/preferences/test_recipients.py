"""Which channels an event is queued for, by what its owner has chosen."""

from typing import Any

import pytest

from tests.notifications.channel_helpers import add_channel
from tests.notifications.preferences.helpers import choose, failure
from tests.notifications.samples import DUE
from tocsin.documents import Database
from tocsin.notifications import events
from tocsin.notifications.account_events import PasswordChanged, QuotaMet
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import EventKind
from tocsin.notifications.preferences import choices, recipients

CHANGED = PasswordChanged(id="password:u1:1", owner="u1", at=DUE, address="")


async def queued(database: Database) -> dict[str, str]:
    found = database.deliveries.find({})
    return {each.get("channel", "mail"): each["status"] async for each in found}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, {"mail": "QUEUED", "u1/a": "QUEUED", "u1/b": "QUEUED"}),
        ({"muted": True}, {"mail": "SUPPRESSED"}),
        ({"muted": True, "channels": ["u1/a"]}, {"mail": "SUPPRESSED"}),
        ({"channels": ["u1/a"]}, {"mail": "QUEUED", "u1/a": "QUEUED"}),
        ({"channels": [], "mailed": False}, {"mail": "SUPPRESSED"}),
        ({"channels": ["u1/b"], "mailed": False}, {"mail": "SUPPRESSED", "u1/b": "QUEUED"}),
        ({"kinds": ["FAILED_FOR_GOOD"]}, {"mail": "QUEUED", "u1/a": "QUEUED", "u1/b": "QUEUED"}),
        ({"kinds": ["BEGAN_FAILING"]}, {"mail": "SUPPRESSED"}),
    ],
)
async def test_a_rule_decides_who_is_told(database: Database, rule: Any, expected: dict[str, str]) -> None:
    for name in ("a", "b"):
        await add_channel(database, "https://hooks.example.org/x", f"u1/{name}")
    await choose(database, "u1/t1", **rule)
    await notify(database, [failure()])
    assert await queued(database) == expected
    assert await database.notifications.count_documents({}) == 1


async def test_security_cannot_be_turned_off(database: Database) -> None:
    await choose(database, mail_off=[kind.value for kind in EventKind])
    await notify(database, [CHANGED, QuotaMet.from_quotas("u1", ["x"], DUE)])
    found = {each["kind"]: each["status"] async for each in database.deliveries.find({})}
    assert found == {"PASSWORD_CHANGED": "QUEUED", "QUOTA_MET": "SUPPRESSED"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"mail_on": ["QUOTA_MET"]}, {"mail": "QUEUED"}),
        ({"mail_on": ["QUOTA_MET"], "mail_off": ["QUOTA_MET"]}, {}),
    ],
)
async def test_what_is_mailed_on_request_only(
    database: Database, monkeypatch: pytest.MonkeyPatch, fields: Any, expected: dict[str, str]
) -> None:
    kinds = frozenset({EventKind.QUOTA_MET})
    for module in (events, choices, recipients):
        monkeypatch.setattr(module, "OPT_IN_KINDS", kinds)
    await choose(database, **fields)
    await notify(database, [QuotaMet.from_quotas("u1", ["x"], DUE)])
    assert await queued(database) == expected
