"""Functions that load state on their first call can be called by several threads at once."""

import subprocess
import sys
from pathlib import Path


def test_threads_may_all_make_the_first_call() -> None:
    """Runs in a new interpreter, because this one has made the calls before."""
    command = [sys.executable, "-m", "tests.first_calls"]
    root = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
