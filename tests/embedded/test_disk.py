from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from tocsin.embedded import disk, startup_errors


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogCapture:
    capture = LogCapture()
    monkeypatch.setattr(disk, "log", structlog.wrap_logger(None, processors=[capture]))
    return capture


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("handle-write: pwrite: failed to write 126976 bytes at offset 19644416: No space left on device", True),
        ("handle-write: pwrite: failed to write 4096 bytes at offset 0: Disk quota exceeded", True),
        (str(startup_errors.directory_unusable(Path("/data"), OSError(28, "No space left on device"))), True),
        (str(startup_errors.server_exited(Path("/data"), ["x [ERROR]: No space left on device"])), True),
        ("the process must exit and restart: WT_PANIC: WiredTiger library panic", False),
        (str(startup_errors.directory_unusable(Path("/data"), OSError(13, "Permission denied"))), False),
    ],
)
def test_a_full_disk_is_recognized_by_its_messages(text: str, full: bool) -> None:
    assert disk.is_disk_full_message(text) is full


def test_a_disk_that_is_not_there_is_not_taken_for_a_full_one(tmp_path: Path) -> None:
    assert disk.get_free_bytes(tmp_path) > 0
    assert disk.get_free_bytes(tmp_path / "unknown") >= disk.REQUIRED_FREE_BYTES


async def test_a_disk_that_is_nearly_full_is_reported_once(
    logged: LogCapture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [disk.LOW_FREE_BYTES, disk.LOW_FREE_BYTES - 1, 1, disk.LOW_FREE_BYTES, 2, 3]
    monkeypatch.setattr(disk, "get_free_bytes", lambda _: free.pop(0))
    watch = disk.FreeSpaceWatch(tmp_path)
    while free:
        await watch.check()
    assert [entry["event"] for entry in logged.entries] == ["the disk is nearly full"] * 2
