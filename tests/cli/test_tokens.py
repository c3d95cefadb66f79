"""`tocsin tokens`."""

import json
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done, tocsin
from tocsin.documents import from_global_id
from tocsin.security.opaque_tokens import digest_token


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
    ],
)
def test_an_error_is_one_sentence(alice: SyncDatabase[Any], arguments: list[str], message: str) -> None:
    result = tocsin(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_unknown_scope_is_reported(alice: SyncDatabase[Any]) -> None:
    result = tocsin("tokens", "create", ALICE, "--name", "x", "--scope", "all")
    assert result.exit_code == 2
    assert "read, write or admin" in result.stderr
