import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.embedded.lock import FileLock, LockHeld, find_lock_holder

TAKE_AND_WAIT = """
import sys
from pathlib import Path
from tocsin.embedded.lock import FileLock
lock = FileLock(Path(sys.argv[1]))
print("taken", flush=True)
sys.stdin.read()
"""


def test_a_second_lock_in_the_same_process_is_refused(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    with pytest.raises(LockHeld) as held:
        FileLock(tmp_path / "lock")
    lock.release()
    FileLock(tmp_path / "lock").release()
    assert held.value.pid == os.getpid()


def test_a_lock_of_another_process_is_reported_with_its_pid_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    arguments = [sys.executable, "-c", TAKE_AND_WAIT, str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"taken\n"
        assert find_lock_holder(path) == other.pid
        with pytest.raises(LockHeld) as held:
            FileLock(path)
        assert held.value.pid == other.pid
        other.kill()
        other.wait()
    assert find_lock_holder(path) is None
    FileLock(path).release()


def test_a_missing_file_has_no_lock_holder(tmp_path: Path) -> None:
    assert find_lock_holder(tmp_path / "none") is None
