"""What applies to news: the preferences of their owner and the rule of their subject."""

from typing import Any

import pytest

from tocsin.notifications.preferences.choices import (
    Choices,
    FailureDetail,
    NotificationRule,
    Preferences,
    find_subject,
)


def about(type_name: str, subject: str) -> Any:
    return {"type": type_name, "id": subject, "incident": 0, "stage": 0}


@pytest.mark.parametrize(
    ("given", "run", "subject"),
    [
        (about("Task", "u1/t1"), "u1/t1:1", "u1/t1"),
        (about("Workflow", "u1/1"), "u1/w1-1", "u1/1"),
        (about("Approval", "u1/w1-1:ask:0:u2"), "u1/w1-1", None),
        (None, "u1/t1:1", "u1/t1"),
        (None, "u1/w1-1:fetch", None),
        (None, None, None),
    ],
)
def test_rules_are_of_tasks_and_workflows(given: Any, run: str | None, subject: str | None) -> None:
    assert find_subject(given, run) == subject


def test_stored_preferences_may_lack_any_field() -> None:
    only_off: Any = {"_id": "u1", "owner": "u1", "mail_off": ["APPROVAL"]}
    assert Preferences.from_document(only_off) == Preferences(mail_off=frozenset({"APPROVAL"}))
    assert Preferences.from_document(None) == Preferences()
    bare: Any = {"_id": "u1/t1", "owner": "u1"}
    assert NotificationRule.from_document(bare) == NotificationRule()


def test_a_zone_that_no_longer_exists_is_utc() -> None:
    assert Preferences(time_zone="Europe/Atlantis").zone.key == "UTC"


def test_the_failures_of_a_rule_come_first() -> None:
    every = Preferences(failures=FailureDetail.EVERY_ATTEMPT)
    few = NotificationRule(failures=FailureDetail.FIRST_AND_LAST)
    assert Choices(preferences=every).failures is FailureDetail.EVERY_ATTEMPT
    assert Choices(preferences=every, rule=NotificationRule()).failures is FailureDetail.EVERY_ATTEMPT
    assert Choices(preferences=every, rule=few).failures is FailureDetail.FIRST_AND_LAST


@pytest.mark.parametrize("kind", ["PASSWORD_CHANGED", "REFRESH_TOKEN_REUSED", "PASSWORD_RESET", "DIGEST"])
def test_nothing_keeps_security_from_its_user(kind: str) -> None:
    muted = Choices(preferences=Preferences(mail_off=frozenset({kind})), rule=NotificationRule(is_muted=True))
    assert muted.find_objection(kind, "mail") is None
    assert muted.find_objection("APPROVAL", "mail") == "its notifications are muted"
