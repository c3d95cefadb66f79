"""Quotas, their units and windows, and the limits of each owner."""

import pytest

from tests.harness import make_settings
from tocsin.config import Settings
from tocsin.quotas import Quota, QuotaLimits
from tocsin.quotas.limits import QUOTA_UNITS, WINDOW_SECONDS, QuotaUnit, describe_usage, make_quota_error


@pytest.mark.parametrize("quota", list(Quota))
def test_each_quota_has_a_setting_and_words(quota: Quota) -> None:
    message = make_quota_error(quota, 5, 5).message
    assert message.startswith(f"The quota {quota.value} is reached: you have 5 of 5 ")
    assert "ask an administrator" in message
    assert QuotaLimits(make_settings()).get_limit("alice", quota) > 0


@pytest.mark.parametrize("quota", list(Quota))
def test_each_quota_has_the_limit_of_its_setting(quota: Quota) -> None:
    setting = f"quota_{quota.value.lower()}"
    assert setting in Settings.model_fields
    assert QuotaLimits(make_settings(**{setting: 12})).get_limit("alice", quota) == 12


def test_an_owners_limit_goes_before_the_setting_until_it_is_removed() -> None:
    limits = QuotaLimits(make_settings(quota_tasks=3, quota_workflows=4))
    limits.set_override("alice", {"TASKS": 0})
    assert (limits.get_limit("alice", Quota.TASKS), limits.get_limit("alice", Quota.WORKFLOWS)) == (0, 4)
    assert limits.get_limit("bob", Quota.TASKS) == 3
    limits.set_override("alice", {})
    limits.set_override("bob", {})
    assert limits.get_limit("alice", Quota.TASKS) == 3


def test_an_owners_limits_are_copied() -> None:
    limits, chosen = QuotaLimits(make_settings()), {"TASKS": 5}
    limits.set_override("alice", chosen)
    chosen["TASKS"] = 6
    assert limits.get_limit("alice", Quota.TASKS) == 5


def test_only_storage_is_in_megabytes_and_it_does_not_reset() -> None:
    assert [quota for quota, unit in QUOTA_UNITS.items() if unit is QuotaUnit.MEGABYTES] == [Quota.STORAGE]
    resetting = {quota for quota in Quota if quota.value.endswith(("_PER_DAY", "_PER_MINUTE"))}
    assert set(WINDOW_SECONDS) == resetting


def test_an_error_says_how_many_more_were_wanted_and_where() -> None:
    error = make_quota_error(Quota.TASKS, 1_999, 2_000, "tasks", "0", wanted=1_000)
    assert "you have 1,999 of 2,000 unfinished tasks and asked for 1,000 more. " in error.message
    assert error.path == ("tasks", "0")
    assert "asked for" not in make_quota_error(Quota.TASKS, 1, 1).message


def test_usage_is_described_for_a_mail() -> None:
    assert describe_usage(Quota.RUNS_PER_DAY, 1_000, 1_000) == "RUNS_PER_DAY: 1,000 of 1,000 runs today (UTC)"
