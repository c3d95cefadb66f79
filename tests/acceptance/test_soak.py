import sys
from pathlib import Path

import pytest

from tests.acceptance.soak import check, soak


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_server_under_a_steady_load_takes_as_much_at_the_end_as_at_the_beginning(tmp_path: Path) -> None:
    first, last = await soak(tmp_path, seconds=15, rate=20)
    check(first, last)
