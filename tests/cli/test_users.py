"""`tocsin users`: with an external database, an embedded one, and beside a server."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin import clock, documents
from tocsin.cli.users import app
from tocsin.documents import Overlap, Task, TaskStatus, from_global_id, to_global_id
from tocsin.embedded import EmbeddedDatabase
from tocsin.security.passwords import verify_password

ALICE = "alice@example.com"
PASSWORD = "tram ticket lemon"


def tocsin_users(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin, env={"COLUMNS": "100"})


def done(*arguments: str, stdin: str = "") -> str:
    result = tocsin_users(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def create(email: str, *options: str) -> str:
    return done("create", email, "--password-stdin", *options, stdin=f"{PASSWORD}\n")


def listed() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done("list", "--json"))
    return rows


def has_password(stored: SyncDatabase[Any], email: str, password: str) -> bool:
    user = stored["users"].find_one({"email": email})
    assert user is not None
    return asyncio.run(verify_password(password, user["password"]))


def test_create_and_list(stored: SyncDatabase[Any]) -> None:
    assert done("list", "--json") == "[]\n"
    assert create("Bob@Example.com", "--admin") == "bob@example.com can log in now.\n"
    create(ALICE)
    alice, bob = listed()
    assert alice.keys() == {"id", "email", "isAdmin", "isActive", "emailConfirmed", "createdAt"}
    assert (alice["email"], alice["isAdmin"], alice["isActive"]) == (ALICE, False, True)
    assert (bob["email"], bob["isAdmin"]) == ("bob@example.com", True)
    assert has_password(stored, ALICE, PASSWORD)


def test_quotas_are_shown_and_lifted(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    create(ALICE)
    monkeypatch.setenv("TOCSIN_QUOTA_TASKS", "7")
    assert "TASKS" in done("quota", ALICE)
    rows = json.loads(done("quota", ALICE, "--set", "TASKS=12", "--set", "STORAGE=0", "--json"))
    limits = {row["quota"]: row["limit"] for row in rows}
    assert (limits["TASKS"], limits["STORAGE"], limits["API_TOKENS"]) == (12, None, 100)
    assert json.loads(done("quota", ALICE, "--set", "TASKS=default", "--json"))[0] == {
        "quota": "TASKS", "used": 0, "limit": 7, "unit": "COUNT", "resetsAt": None
    }  # fmt: skip
    user = stored["users"].find_one({"email": ALICE})
    assert user is not None
    assert user["quotas"] == {"STORAGE": 0}
    entries = [entry["detail"] for entry in stored["audit_entries"].find({"action": "QUOTA_CHANGED"}).sort("at", 1)]
    assert entries == ["TASKS: 12", "STORAGE: no limit", "TASKS: default"]
    for wrong in ("NONE=1", "TASKS", "TASKS=-1", "TASKS=many"):
        assert tocsin_users("quota", ALICE, "--set", wrong).exit_code == 2
    result = tocsin_users("quota", ALICE, "--set", "TASKS=99999999999")
    assert (result.exit_code, "limit must be 0" in result.stderr) == (1, True)


def test_the_list_is_a_table_that_cuts_nothing_off(stored: SyncDatabase[Any]) -> None:
    long = "a" * 60 + "@" + "b" * 60 + ".example.com"
    create(long)
    table = done("list")
    assert "Administrator" in table
    assert "a" * 30 in table
    assert ".example.com" in table.replace("\n", "")


def _in_a_terminal(arguments: list[str], typed: list[str]) -> tuple[int, str]:
    """Return the exit code and output of a command in a terminal. Each line is typed at a prompt."""
    terminal, end = pty.openpty()
    command = [sys.executable, "-c", "from tocsin.cli.users import app; app()", *arguments]
    process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, start_new_session=True)
    os.close(end)
    shown = b""
    with suppress(OSError):  # on Linux this is the end of the other side
        while data := os.read(terminal, 1024):
            shown += data
            if shown.endswith(b": ") and typed:
                os.write(terminal, f"{typed.pop(0)}\n".encode())
    os.close(terminal)
    return process.wait(10), shown.decode()


def test_in_a_terminal_the_password_is_asked_for_twice_and_not_shown(stored: SyncDatabase[Any]) -> None:
    code, shown = _in_a_terminal(["create", ALICE], ["one thing typed", "another one typed", PASSWORD, PASSWORD])
    assert code == 0, shown
    assert "do not match" in shown
    assert PASSWORD not in shown
    assert has_password(stored, ALICE, PASSWORD)


def test_without_a_terminal_the_password_is_read_from_standard_input(stored: SyncDatabase[Any]) -> None:
    assert done("create", ALICE, stdin=f"{PASSWORD}\nmore\n") == f"{ALICE} can log in now.\n"
    assert has_password(stored, ALICE, PASSWORD)
    result = tocsin_users("set-password", ALICE, stdin="")
    assert result.exit_code == 2
    assert "There is no terminal to ask for the password" in " ".join(result.stderr.split())


def test_set_password(stored: SyncDatabase[Any]) -> None:
    create(ALICE)
    done("set-password", ALICE, "--password-stdin", stdin="seven green bottles\r\n")
    assert has_password(stored, ALICE, "seven green bottles")
    assert not has_password(stored, ALICE, PASSWORD)


def test_promote_and_revoke(stored: SyncDatabase[Any]) -> None:
    create(ALICE)
    assert done("promote", "ALICE@example.com") == f"{ALICE} is now an administrator.\n"
    assert listed()[0]["isAdmin"]
    assert done("promote", ALICE, "--revoke") == f"{ALICE} is no longer an administrator.\n"
    assert not listed()[0]["isAdmin"]


async def _add_task(uri: str, name: str, owner: str) -> None:
    database = await documents.connect(uri, name)
    now = clock.now()
    task = Task(
        id=documents.new_id(owner),
        owner=owner,
        name="ring",
        job={"kind": "http"},
        schedule={"kind": "once"},
        misfire={},
        overlap=Overlap.SKIP,
        retry=None,
        timeout=None,
        status=TaskStatus.PENDING,
        next_run_at=now + timedelta(days=1),
        created_at=now - timedelta(seconds=1),
        updated_at=now,
    )
    await task.insert()
    await database.close()


def test_deactivate_pauses_and_activate_lets_in(stored: SyncDatabase[Any], mongodb_uri: str) -> None:
    create(ALICE)
    create("bob@example.com")
    for row in listed():
        asyncio.run(_add_task(mongodb_uri, stored.name, from_global_id("User", row["id"]) or ""))
    assert done("deactivate", ALICE) == f"{ALICE} is locked out. Tasks paused: 1.\n"
    alice, bob = listed()
    assert (alice["isActive"], bob["isActive"]) == (False, True)
    tasks = {to_global_id("User", task["owner"]): task for task in stored["tasks"].find()}
    assert (tasks[alice["id"]]["status"], tasks[alice["id"]]["next_run_at"]) == ("PAUSED", None)
    assert tasks[bob["id"]]["status"] == "PENDING"
    done("activate", ALICE)
    assert listed()[0]["isActive"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["create", "alice", "--password-stdin"], PASSWORD, "not an email address"),
        (["create", ALICE, "--password-stdin"], "short", "10 to 128"),
        (["create", ALICE, "--password-stdin"], "", "10 to 128"),
        (["create", "bob@example.com", "--password-stdin"], PASSWORD, "account with this email"),
        (["set-password", ALICE, "--password-stdin"], PASSWORD, f"no user with the address {ALICE}"),
        (["promote", ALICE], "", f"no user with the address {ALICE}"),
        (["deactivate", ALICE], "", f"no user with the address {ALICE}"),
        (["activate", ALICE], "", f"no user with the address {ALICE}"),
    ],
)
def test_an_error_is_one_sentence(stored: SyncDatabase[Any], arguments: list[str], stdin: str, message: str) -> None:
    create("bob@example.com")
    result = tocsin_users(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert [row["email"] for row in listed()] == ["bob@example.com"]


def test_wrong_settings_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PORT", "many")
    result = tocsin_users("list")
    assert result.exit_code == 1
    assert result.stderr.startswith("TOCSIN_PORT is invalid")
    assert result.stderr.count("\n") == 1


def test_a_database_that_is_away_is_one_sentence(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_MONGODB_URI", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100")
    result = tocsin_users("list")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
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
            create(ALICE)
            assert [row["email"] for row in listed()] == [ALICE]
            assert server.pid is not None
        finally:
            runner.run(server.stop())


def test_a_data_directory_that_is_a_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_text("")
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "data"))
    result = tocsin_users("list")
    assert result.exit_code == 1
    assert "is not a directory" in result.stderr
    assert result.stderr.count("\n") == 1
