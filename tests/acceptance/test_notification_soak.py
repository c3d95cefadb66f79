"""Notifications under random failures, kills and reconnections, for a short time and for a minute."""

from pathlib import Path

import pytest

from tests.acceptance.notification_history import check_history
from tests.acceptance.notification_soak import soak


@pytest.mark.parametrize("seconds", [10, pytest.param(60, marks=pytest.mark.long)])
async def test_everything_is_told_and_nothing_twice(tmp_path: Path, seconds: int) -> None:
    history, around = await soak(tmp_path, seconds, seed=seconds)
    counts = check_history(history, around.received, around.inbox.mails)
    assert counts["failed runs"] > 0
    assert counts["notifications"] > 0
