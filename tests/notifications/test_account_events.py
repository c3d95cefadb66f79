"""The events of accounts, as their causes make them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.documents import Link, LinkPurpose, Session, User
from tocsin.notifications.account_events import (
    LinkRequested,
    PasswordChanged,
    QuotaMet,
    RefreshTokenReused,
    link_event_id,
)
from tocsin.notifications.events import EventKind

AT = datetime(2026, 11, 22, 9, 0, 0, 123_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _models(database: Any) -> None:
    """Open the database: models cannot be made without."""


def link(purpose: LinkPurpose, user: str | None = "u1") -> Link:
    return Link(id="digest", purpose=purpose, user=user, email="ann@example.org", created_at=AT, expires_at=AT + HOUR)


@pytest.mark.parametrize(
    ("purpose", "kind"),
    [(LinkPurpose.RESET, EventKind.PASSWORD_RESET), (LinkPurpose.CONFIRMATION, EventKind.EMAIL_CONFIRMATION)],
)
def test_a_link_of_a_user_goes_to_them(purpose: LinkPurpose, kind: EventKind) -> None:
    event = LinkRequested.from_link(link(purpose), "sealed")
    assert (event.kind, event.id) == (kind, f"{purpose.value.lower()}:digest")
    assert (event.owner, event.to, event.inviter) == ("u1", None, None)
    assert (event.sealed, event.at, event.good_until) == ("sealed", AT, AT + HOUR)


def test_an_invitation_goes_to_the_address_as_nobody_owns_it_yet() -> None:
    event = LinkRequested.from_link(link(LinkPurpose.INVITATION, None), "sealed", "Bob")
    assert (event.kind, event.id) == (EventKind.INVITATION, "invitation:digest")
    assert (event.owner, event.to, event.inviter) == ("", "ann@example.org", "Bob")


@pytest.mark.parametrize("purpose", LinkPurpose)
def test_a_link_is_sealed_for_the_event_that_carries_it(purpose: LinkPurpose) -> None:
    assert LinkRequested.from_link(link(purpose), "sealed").id == link_event_id(link(purpose))


def test_an_owner_is_notified_of_quotas_once_a_day() -> None:
    first, later, tomorrow = (QuotaMet.from_quotas("u1", ["10 runs"], AT + age * HOUR) for age in (0, 14, 16))
    assert first.id == later.id == "u1/quota:2026-11-22"
    assert tomorrow.id == "u1/quota:2026-11-23"
    assert (first.kind, first.owner, first.quotas) == (EventKind.QUOTA_MET, "u1", ["10 runs"])


def test_a_session_that_was_ended_is_described_by_where_it_was_opened() -> None:
    session = Session(
        id="s1", owner="u1", family="f", secret="s", created_at=AT, rotated_at=AT + HOUR, expires_at=AT + 2 * HOUR,
        address="192.0.2.1", user_agent="Firefox",
    )  # fmt: skip
    event = RefreshTokenReused.from_session(session, "192.0.2.9")
    assert (event.kind, event.id, event.owner) == (EventKind.REFRESH_TOKEN_REUSED, "reused:s1", "u1")
    assert (event.at, event.opened_at) == (AT + HOUR, AT)
    assert (event.opened_from, event.user_agent, event.reused_from) == ("192.0.2.1", "Firefox", "192.0.2.9")
    assert event.page == "/account"


def test_each_change_of_a_password_is_an_event_of_its_own() -> None:
    user = User(id="u1", email="ann@example.org", password="-", created_at=AT)
    event = PasswordChanged.from_user(user, AT, "192.0.2.1")
    assert (event.kind, event.id, event.owner) == (EventKind.PASSWORD_CHANGED, "password:u1:1795338000123", "u1")
    assert (event.at, event.address, event.page) == (AT, "192.0.2.1", "/account")
    assert PasswordChanged.from_user(user, AT + timedelta(milliseconds=1), "").id != event.id
