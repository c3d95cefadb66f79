"""A data directory with a few documents."""

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.embedded.servers import insert, started


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with 3 documents and a stopped server, which tests must copy before use."""

    async def make() -> None:
        async with started(directory) as server:
            await insert(server.uri, 3)

    directory = tmp_path_factory.mktemp("embedded") / "data"
    asyncio.run(make())
    return directory


@pytest.fixture
def data(stopped: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stopped, tmp_path / "data"))
