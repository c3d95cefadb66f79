"""Commands with wrong settings, and with a database that is away, embedded, missing, or that of a running server."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, PASSWORD, done, tocsin
from tocsin.embedded import EmbeddedDatabase


def test_wrong_settings_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "many")
    result = tocsin("users", "list")
    assert result.exit_code == 1
    assert result.stderr.startswith("TOCSIN_PORT is invalid")
    assert result.stderr.count("\n") == 1


def test_a_database_that_is_away_is_one_sentence(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")
    result = tocsin("users", "list")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("users", "list"), ("backup", "a.backup")])
def test_an_invalid_uri_is_one_sentence(monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]) -> None:
    monkeypatch.setenv("TOCSIN_MONGODB_URI", "mongodb://localhost:many")
    result = tocsin(*command)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert result.stderr.startswith("the URI of the database is invalid: Port contains")
    assert result.stderr.count("\n") == 1


def test_a_data_directory_that_no_server_uses(tmp_path: Path) -> None:
    """Each command runs in its own process, which starts and stops the database."""
    command = [sys.executable, "-c", "from tocsin.cli.users import app; app()"]
    variables = {**os.environ, "TOCSIN_DATA_DIR": str(tmp_path / "data")}
    for arguments, stdin in ((["create", ALICE, "--password-stdin"], PASSWORD), (["list", "--json"], "")):
        ended = subprocess.run(
            [*command, *arguments], input=stdin, env=variables, capture_output=True, text=True, timeout=60
        )
        assert (ended.returncode, ended.stderr) == (0, "")
    assert [row["email"] for row in json.loads(ended.stdout)] == [ALICE]
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_data_directory_whose_server_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "data"))
    with asyncio.Runner() as runner:
        server = EmbeddedDatabase(tmp_path / "data")
        runner.run(server.start())
        try:
            done("users", "create", ALICE, stdin=PASSWORD)
            assert [row["email"] for row in json.loads(done("users", "list", "--json"))] == [ALICE]
            assert server.pid is not None
        finally:
            runner.run(server.stop())


def test_a_data_directory_that_is_a_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "data"))
    result = tocsin("users", "list")
    assert result.exit_code == 1
    assert "is not a directory" in result.stderr
    assert result.stderr.count("\n") == 1


COMMANDS = [
    ["users", "list"],
    ["users", "list", "--json"],
    ["users", "invite", ALICE],
    ["users", "promote", ALICE],
    ["users", "log-out", ALICE],
    ["users", "deactivate", ALICE],
    ["users", "activate", ALICE],
    ["users", "set-password", ALICE, "--password-stdin"],
    ["tokens", "list", ALICE],
    ["tokens", "create", ALICE, "--name", "x"],
    ["tokens", "revoke", "x"],
    ["audit", "list"],
    ["mails", "list"],
    ["mails", "show", "1"],
    ["keys", "list"],
    ["keys", "rotate"],
    ["workflows", "list", ALICE],
    ["workflows", "export", ALICE, "w"],
    ["workflows", "run", ALICE, "w"],
    ["samples", "load", ALICE],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_without_a_database_creates_none(arguments: list[str], tmp_path: Path) -> None:
    result = tocsin(*arguments, stdin="tram ticket lemon\n")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"There is no database in {tmp_path / 'data'}. Change to the directory")
    assert list(tmp_path.iterdir()) == []
