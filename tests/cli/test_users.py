"""`tocsin users`."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, PASSWORD, done, tocsin
from tocsin import clock, documents
from tocsin.documents import Overlap, Task, TaskStatus, from_global_id, to_global_id
from tocsin.security.opaque_tokens import digest_token
from tocsin.security.passwords import verify_password


def create(email: str, *options: str) -> str:
    return done("users", "create", email, "--password-stdin", *options, stdin=f"{PASSWORD}\n")


def listed() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done("users", "list", "--json"))
    return rows


def has_password(stored: SyncDatabase[Any], email: str, password: str) -> bool:
    user = stored["users"].find_one({"email": email})
    assert user is not None
    return asyncio.run(verify_password(password, user["password"]))


def test_create_and_list(stored: SyncDatabase[Any]) -> None:
    assert done("users", "list", "--json") == "[]\n"
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
    assert "TASKS" in done("users", "quota", ALICE)
    rows = json.loads(done("users", "quota", ALICE, "--set", "TASKS=12", "--set", "STORAGE=0", "--json"))
    limits = {row["quota"]: row["limit"] for row in rows}
    assert (limits["TASKS"], limits["STORAGE"], limits["API_TOKENS"]) == (12, None, 100)
    assert json.loads(done("users", "quota", ALICE, "--set", "TASKS=default", "--json"))[0] == {
        "quota": "TASKS", "used": 0, "limit": 7, "unit": "COUNT", "resetsAt": None
    }  # fmt: skip
    user = stored["users"].find_one({"email": ALICE})
    assert user is not None
    assert user["quotas"] == {"STORAGE": 0}
    entries = [entry["detail"] for entry in stored["audit_entries"].find({"action": "QUOTA_CHANGED"}).sort("at", 1)]
    assert entries == ["TASKS: 12", "STORAGE: no limit", "TASKS: default"]
    for wrong in ("NONE=1", "TASKS", "TASKS=-1", "TASKS=many"):
        assert tocsin("users", "quota", ALICE, "--set", wrong).exit_code == 2
    result = tocsin("users", "quota", ALICE, "--set", "TASKS=99999999999")
    assert (result.exit_code, "limit must be 0" in result.stderr) == (1, True)


def test_the_list_is_a_table_that_cuts_nothing_off(stored: SyncDatabase[Any]) -> None:
    long = "a" * 60 + "@" + "b" * 60 + ".example.com"
    create(long)
    table = done("users", "list")
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
    assert done("users", "create", ALICE, stdin=f"{PASSWORD}\nmore\n") == f"{ALICE} can log in now.\n"
    assert has_password(stored, ALICE, PASSWORD)
    result = tocsin("users", "set-password", ALICE, stdin="")
    assert result.exit_code == 2
    assert "There is no terminal to ask for the password" in " ".join(result.stderr.split())


def test_set_password(stored: SyncDatabase[Any]) -> None:
    create(ALICE)
    done("users", "set-password", ALICE, "--password-stdin", stdin="seven green bottles\r\n")
    assert has_password(stored, ALICE, "seven green bottles")
    assert not has_password(stored, ALICE, PASSWORD)


def test_promote_and_revoke(stored: SyncDatabase[Any]) -> None:
    create(ALICE)
    assert done("users", "promote", "ALICE@example.com") == f"{ALICE} is now an administrator.\n"
    assert listed()[0]["isAdmin"]
    assert done("users", "promote", ALICE, "--revoke") == f"{ALICE} is no longer an administrator.\n"
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
    assert done("users", "deactivate", ALICE) == f"{ALICE} is locked out. Tasks paused: 1.\n"
    alice, bob = listed()
    assert (alice["isActive"], bob["isActive"]) == (False, True)
    tasks = {to_global_id("User", task["owner"]): task for task in stored["tasks"].find()}
    assert (tasks[alice["id"]]["status"], tasks[alice["id"]]["next_run_at"]) == ("PAUSED", None)
    assert tasks[bob["id"]]["status"] == "PENDING"
    done("users", "activate", ALICE)
    assert listed()[0]["isActive"]


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["create", "alice", "--password-stdin"], PASSWORD, "not an email address"),
        (["create", ALICE, "--password-stdin"], "short", "10 to 128"),
        (["create", ALICE, "--password-stdin"], "", "10 to 128"),
        (["create", "bob@example.com", "--password-stdin"], PASSWORD, "account with this email"),
        (["set-password", ALICE, "--password-stdin"], PASSWORD, f"no user with the address {ALICE}"),
        (["invite", "bob@example.com"], "", "There is already an account"),
        (["log-out", ALICE], "", f"no user with the address {ALICE}"),
        (["promote", ALICE], "", f"no user with the address {ALICE}"),
        (["deactivate", ALICE], "", f"no user with the address {ALICE}"),
        (["activate", ALICE], "", f"no user with the address {ALICE}"),
    ],
)
def test_an_error_is_one_sentence(stored: SyncDatabase[Any], arguments: list[str], stdin: str, message: str) -> None:
    create("bob@example.com")
    result = tocsin("users", *arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
    assert [row["email"] for row in listed()] == ["bob@example.com"]


def test_an_invitation_is_queued_and_its_link_printed(alice: SyncDatabase[Any]) -> None:
    printed = done("users", "invite", "Bob@example.com", "--admin")
    match = re.search(r"http://127\.0\.0\.1:8000/account#invitation=(\S+)", printed)
    assert match is not None
    link = alice["links"].find_one({"_id": digest_token(match[1])})
    assert link is not None
    assert (link["email"], link["is_admin"], link["purpose"]) == ("bob@example.com", True, "INVITATION")
    mail = alice["deliveries"].find_one({"to": "bob@example.com"})
    assert mail is not None
    assert match[1] not in str(mail)
    assert "An administrator invites you" in mail["text"]


def test_sessions_are_ended(alice: SyncDatabase[Any]) -> None:
    user = alice["users"].find_one({"email": ALICE})
    assert user is not None
    alice["sessions"].insert_many([{"_id": f"{user['_id']}/{n}", "family": str(n), "owner": user["_id"]} for n in "12"])
    alice["sessions"].insert_one({"_id": "bob/1", "family": "3", "owner": "bob"})
    assert done("users", "log-out", ALICE) == "Sessions ended: 2.\n"
    assert alice["sessions"].count_documents({}) == 1
