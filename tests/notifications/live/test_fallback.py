"""For how long a mail is held."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.live.helpers import quota_met
from tocsin import clock
from tocsin.notifications.account_events import PasswordChanged
from tocsin.notifications.live.fallback import find_fallback_time, find_hold_time

MINUTE = timedelta(minutes=1)
WEBHOOK: Any = {"kind": "webhook", "settings": {}}


def live(**settings: Any) -> Any:
    return {"kind": "live", "settings": settings}


@pytest.mark.parametrize(
    ("channel", "wait"),
    [
        (WEBHOOK, None),
        (live(fallback_after="PT5M"), 5 * MINUTE),
        (live(), 15 * MINUTE),
        (live(fallback_after="PT1S"), 15 * MINUTE),  # stored by a version that accepted it
        (live(fallback_after=None), 15 * MINUTE),
    ],
)
def test_the_time_is_that_of_the_channel(channel: Any, wait: timedelta | None) -> None:
    assert find_fallback_time(channel) == wait


def test_a_mail_is_held_if_a_live_channel_takes_it_and_it_is_not_about_security() -> None:
    taking = [WEBHOOK, live(fallback_after="PT5M")]
    assert find_hold_time(quota_met(), taking) == 5 * MINUTE
    assert find_hold_time(quota_met(), [WEBHOOK]) is None
    assert find_hold_time(PasswordChanged(id="p", owner="u1", at=clock.now(), address=""), taking) is None
