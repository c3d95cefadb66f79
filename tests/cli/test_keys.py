"""`tocsin keys`; tests/acceptance/test_keys.py runs it beside a server."""

import base64
import json
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin import clock
from tocsin.cli.keys import app
from tocsin.security.secret_box import SecretBox

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def stored(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> SyncDatabase[Any]:
    """Return the database of the commands, with a task that has a secret."""
    give(monkeypatch, OLD)
    job = {"kind": "http", "params": {"url": "https://example.com/", "token": SecretBox(OLD).seal("s3cret", "alice")}}
    stored["tasks"].insert_one({"_id": "alice/1", "owner": "alice", "job": job})
    return stored


def give(monkeypatch: pytest.MonkeyPatch, *keys: bytes) -> None:
    """Set these encryption keys."""
    monkeypatch.setenv("TOCSIN_ENCRYPTION_KEY", ",".join(base64.b64encode(key).decode() for key in keys))


def tocsin_keys(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def done(*arguments: str) -> str:
    result = tocsin_keys(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def listed() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done("list", "--json"))
    return rows


def test_keys_before_and_after_a_rotation(stored: SyncDatabase[Any]) -> None:
    data, jwt = listed()
    assert (data["id"], data["kind"], data["state"], data["secrets"]) == ("v1", "DATA", "in use", 1)
    assert (jwt["kind"], jwt["state"], jwt["secrets"], jwt["since"]) == ("JWT", "in use", None, None)
    printed = done("rotate").splitlines()
    assert printed[0].startswith("New keys: ")
    assert printed[1] == "Secrets re-encrypted: 1 in 1 tasks and runs."
    assert printed[2].startswith("Existing access tokens are valid until they expire, at the latest 20")
    assert printed[3] == "Done. Secrets re-encrypted: 1; unreadable: 0."
    (entry,) = stored["audit_entries"].find()
    assert (entry["action"], entry["actor_name"]) == ("KEYS_ROTATED", "command line")
    rows = listed()
    assert [(row["kind"], row["state"], row["secrets"]) for row in rows] == [
        ("DATA", "retired", 0), ("DATA", "in use", 1), ("JWT", "retired", None), ("JWT", "in use", None)
    ]  # fmt: skip
    assert [row["id"] for row in rows if row["state"] == "retired"] == [data["id"], jwt["id"]]
    assert {row["id"] for row in rows if row["state"] == "in use"} == set(printed[0].split()) & {
        row["id"] for row in rows
    }


def test_the_list_for_people(stored: SyncDatabase[Any]) -> None:
    done("rotate")
    data, sealing, jwt, signing = done("list").splitlines()
    assert data.startswith("v1                retired   0 secrets       from the settings or files  kept until 20")
    assert "  in use    1 secrets       since 20" in sealing
    assert "  retired   access tokens   from the settings or files  valid until 20" in jwt
    assert "  in use    access tokens   since 20" in signing


def test_nothing_shows_a_key(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    shown = done("rotate") + done("list") + done("list", "--json")
    keys = list(stored["keys"].find({"sealed": {"$ne": None}}))
    assert len(keys) == 2
    for key in keys:
        secret = SecretBox(OLD).unseal_without_reload(key["sealed"], f"keyring/{key['kind']}/{key['_id']}")
        assert secret not in shown
        assert key["sealed"] not in shown


def test_at_once(stored: SyncDatabase[Any]) -> None:
    assert "valid until" not in done("rotate", "--at-once")
    (retired,) = [row for row in listed() if row["kind"] == "JWT" and row["state"] == "retired"]
    assert retired["retiresAt"] <= f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"


def test_another_encryption_key(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    done("rotate")
    give(monkeypatch, NEW)
    for arguments in (["list"], ["rotate"]):
        result = tocsin_keys(*arguments)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "TOCSIN_ENCRYPTION_KEY" in result.stderr
        assert result.stderr.count("\n") == 1
    give(monkeypatch, NEW, OLD)
    assert "re-encrypted: 1;" in done("rotate")
    give(monkeypatch, NEW)
    assert [row["secrets"] for row in listed() if row["state"] == "in use"] == [1, None]


def test_a_lost_encryption_key(stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    done("rotate")
    (lost,) = [row["id"] for row in listed() if row["kind"] == "DATA" and row["state"] == "in use"]
    give(monkeypatch, NEW)
    printed = done("rotate", "--forget-lost")
    assert f"Deleted lost key {lost}." in printed
    assert "unreadable: 1." in printed
    assert (listed()[-1]["id"], listed()[-1]["state"], listed()[-1]["secrets"]) == (lost, "lost", 1)
    assert f"{lost}  lost      1 secrets" in done("list")


def test_wrong_settings_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ENCRYPTION_KEY", "short,")
    result = tocsin_keys("rotate")
    assert result.exit_code == 1
    assert result.stderr.startswith("TOCSIN_ENCRYPTION_KEY is invalid: must be 32 bytes in base64")
    assert result.stderr.count("\n") == 1
