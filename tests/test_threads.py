"""What is loaded at its first call must bear that several threads make that call at the same moment."""

import subprocess
import sys
from pathlib import Path


def test_threads_may_all_make_the_first_call() -> None:
    """In a fresh interpreter: in this one the calls were made before."""
    command = [sys.executable, "-m", "tests.first_calls"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
