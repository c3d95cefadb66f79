"""Nothing is lost or duplicated when the server, its database or both are killed under load."""

import random
from pathlib import Path

import pytest

from tests.acceptance.crash import crash


async def test_three_crashes_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    counted = await crash(tmp_path, 3, seed)
    assert counted["attempts"] >= counted["one-off tasks"] > 0


@pytest.mark.long
async def test_thirty_crashes_lose_nothing(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    counted = await crash(tmp_path, 30, seed)
    assert counted["attempts"] >= counted["one-off tasks"] > 0
