"""`tocsin tokens`, `tocsin audit`, and commands about sessions and confirmation."""

import json
import re
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin.cli.main import app
from tocsin.documents import from_global_id
from tocsin.security.opaque_tokens import digest_token

ALICE = "alice@example.com"


def tocsin(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin, env={"COLUMNS": "200"})


def done(*arguments: str, stdin: str = "") -> str:
    result = tocsin(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def alice(stored: SyncDatabase[Any]) -> SyncDatabase[Any]:
    done("users", "create", ALICE, "--password-stdin", stdin="tram ticket lemon\n")
    return stored


def listed() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done("tokens", "list", ALICE, "--json"))
    return rows


def test_a_token_is_made_listed_and_revoked(alice: SyncDatabase[Any]) -> None:
    text = done("tokens", "create", ALICE, "--name", "backup", "--scope", "read", "--days", "30").strip()
    assert text.startswith("tocsin_api_")
    stored = alice["api_tokens"].find_one({})
    assert stored is not None
    assert stored["digest"] == digest_token(text)
    (row,) = listed()
    assert (row["name"], row["scopes"], row["hint"], row["lastUsedAt"]) == ("backup", ["read"], text[-4:], None)
    assert row["expiresAt"] > row["createdAt"]
    assert text not in (table := done("tokens", "list", ALICE))
    assert row["id"] in table
    assert from_global_id("ApiToken", row["id"]) == stored["_id"]
    assert done("tokens", "revoke", row["id"]) == "backup was revoked.\n"
    assert listed() == []
    actions = [entry["action"] for entry in json.loads(done("audit", "list", "--json"))]
    assert actions == ["API_TOKEN_REVOKED", "API_TOKEN_CREATED", "USER_CREATED"]


def test_a_token_is_revoked_by_the_id_that_older_versions_printed(alice: SyncDatabase[Any]) -> None:
    done("tokens", "create", ALICE, "--name", "backup")
    stored = alice["api_tokens"].find_one({})
    assert stored is not None
    assert done("tokens", "revoke", stored["_id"]) == "backup was revoked.\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tokens", "create", "bob@example.com", "--name", "x"], "no user with the address bob@example.com"),
        (["tokens", "create", ALICE, "--name", "x", "--scope", "admin"], "Only administrators"),
        (["tokens", "create", ALICE, "--name", " "], "name must have"),
        (["tokens", "revoke", "none"], "no API token with this id"),
        (["users", "invite", ALICE], "There is already an account"),
        (["users", "log-out", "bob@example.com"], "no user with the address bob@example.com"),
    ],
)
def test_an_error_is_one_sentence(alice: SyncDatabase[Any], arguments: list[str], message: str) -> None:
    result = tocsin(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_scope_is_told(alice: SyncDatabase[Any]) -> None:
    result = tocsin("tokens", "create", ALICE, "--name", "x", "--scope", "all")
    assert result.exit_code == 2
    assert "read, write or admin" in result.stderr


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


def test_the_audit_log_can_be_narrowed(alice: SyncDatabase[Any]) -> None:
    done("users", "promote", ALICE)
    done("users", "create", "bob@example.com", "--password-stdin", stdin="tram ticket lemon\n")
    lines = done("audit", "list", "--email", "Alice@Example.com").splitlines()
    assert [line.split()[1] for line in lines] == ["USER_PROMOTED", "USER_CREATED"]
    assert "by command line from -" in lines[0]
    (line,) = done("audit", "list", "--action", "user_created", "--limit", "1").splitlines()
    assert "bob@example.com" in line
    assert done("audit", "list", "--email", "nobody@example.com") == "There are no entries.\n"


@pytest.mark.parametrize("number", ["3_0", "\u0663", "\uff13", "+3", "3.0", "0", "-1", "9" * 5000])
@pytest.mark.parametrize(
    "arguments",
    [
        ["tokens", "create", ALICE, "--name", "x", "--days"],
        ["audit", "list", "--limit"],
        ["mails", "list", "--limit"],
    ],
)
def test_numbers_are_typed_in_digits_alone(arguments: list[str], number: str) -> None:
    result = tocsin(*arguments, number)
    assert result.exit_code == 2
    assert "is not a whole number from 1 to" in " ".join(result.stderr.replace("\u2502", " ").split())
