"""No step is lost or repeated when the server, its database or both are killed while workflows run."""

import random
from pathlib import Path

import pytest

from tests.acceptance.workflow_crash import crash


async def test_three_crashes_end_every_workflow_run(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    counted = await crash(tmp_path, 3, seed)
    assert min(counted["fan"], counted["asked"], counted["undone"]) > 0


@pytest.mark.long
async def test_thirty_crashes_end_every_workflow_run(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    counted = await crash(tmp_path, 30, seed)
    assert min(counted["fan"], counted["asked"], counted["undone"]) > 0
