import sys
from pathlib import Path

import pytest

from tests.acceptance.hostile import attack, check

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="comes from a second loopback address, reads /proc")


async def test_a_hostile_account_costs_another_nothing(tmp_path: Path) -> None:
    check(await attack(tmp_path, seconds=15), seconds=15)


@pytest.mark.long
async def test_a_hostile_account_costs_another_nothing_for_two_minutes(tmp_path: Path) -> None:
    check(await attack(tmp_path, seconds=120), seconds=120)
