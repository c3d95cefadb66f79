"""Rules for all commands: no output is truncated, no traceback is shown."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done, tocsin


@pytest.fixture
def alice(alice: SyncDatabase[Any]) -> SyncDatabase[Any]:
    """Create an API token with a long name."""
    done("tokens", "create", ALICE, "--name", "a program of a long name ünï 🙄")
    return alice


BAD = "\udcff"
"""An argument that is not valid UTF-8."""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tokens", "revoke", "x"], "There is no API token with this id"),
        (["tokens", "revoke", ""], "There is no API token with this id"),
        (["tokens", "revoke", BAD], "An argument is not valid UTF-8."),
        (["tokens", "create", ALICE, "--name", BAD], "An argument is not valid UTF-8."),
        (["tokens", "list", "bob@example.com"], "no user with the address bob@example.com"),
        (["users", "promote", ""], "not an email address"),
        (["users", "promote", f"{BAD}@example.com"], "not an email address"),
        (["mails", "show", "0"], "There is no mail number 0"),
        (["mails", "show", "9" * 30], "There is no mail number 9"),
        (["mails", "show", BAD], "An argument is not valid UTF-8."),
        (["audit", "list", "--email", BAD], "An argument is not valid UTF-8."),
        (["workflows", "run", ALICE, BAD], "An argument is not valid UTF-8."),
        (["workflows", "export", ALICE, BAD], "An argument is not valid UTF-8."),
    ],
)
def test_a_bad_argument_is_one_sentence(alice: SyncDatabase[Any], arguments: list[str], expected: str) -> None:
    result = tocsin(*arguments)
    assert (result.exit_code, type(result.exception), result.stdout) == (1, SystemExit, "")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def token_id(stored: SyncDatabase[Any]) -> str:
    return str(json.loads(tocsin("tokens", "list", ALICE, "--json").stdout)[0]["id"])


def test_a_pipe_gets_whole_lines(alice: SyncDatabase[Any]) -> None:
    lines = tocsin("tokens", "list", ALICE).stdout.splitlines()
    (line,) = [line for line in lines if token_id(alice) in line]
    assert "a program of a long name ünï 🙄" in line


def in_a_terminal(columns: int, *arguments: str) -> str:
    """Return the output of a command in a terminal with this many columns."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "dumb"}
    command = [sys.executable, "-m", "tocsin", *arguments]
    process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=variables, start_new_session=True)
    os.close(end)
    shown = b""
    with suppress(OSError):  # on Linux this is the end of the other side
        while data := os.read(terminal, 1024):
            shown += data
    os.close(terminal)
    assert process.wait(10) == 0, shown
    return shown.decode()


def test_a_narrow_terminal_gets_whole_ids(alice: SyncDatabase[Any]) -> None:
    shown = in_a_terminal(40, "tokens", "list", ALICE)
    assert token_id(alice) in shown
    assert "program of" in shown


def run_tocsin(arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f"set -o pipefail; {sys.executable} -m tocsin {arguments}"]
    return subprocess.run(
        command, env={**os.environ, **variables}, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_reader_that_leaves_and_an_output_that_shows_less_are_no_crash(alice: SyncDatabase[Any]) -> None:
    ended = run_tocsin(f"tokens list {ALICE} | true")
    assert "Traceback" not in ended.stderr
    ended = run_tocsin(f"tokens list {ALICE}", PYTHONIOENCODING="ascii")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert token_id(alice) in ended.stdout
    assert r"\U0001f644" in ended.stdout


def test_an_unknown_setting_is_named_with_the_nearest_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOCSIN_PROT", "1")
    for arguments in (["users", "list"], ["serve"]):
        result = tocsin(*arguments)
        assert result.exit_code == 1
        assert "TOCSIN_PROT is not a setting. Did you mean TOCSIN_PORT?" in result.stderr
        assert list(tmp_path.iterdir()) == []
