"""Each due time is recorded even if server and database are killed while a second's runs are being written."""

from pathlib import Path

import pytest

from tests.acceptance.ledger_crash import crash_while_writing


@pytest.mark.long
async def test_five_crashes_while_runs_are_written_lose_no_due_time(tmp_path: Path) -> None:
    counted = await crash_while_writing(tmp_path, rounds=5, tasks=100)
    assert counted["due times"] > 5 * 100 * 5
    assert counted["wrong"] == []
