"""`tocsin backup` and `tocsin restore`; tests/acceptance runs them beside a server."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner

from tests.documents.samples import read_sample
from tocsin.cli.main import app
from tocsin.documents.schema_version import latest_version

RESTORED = "When the server starts, missed due times follow the misfire policies."


def tocsin(*arguments: str | Path) -> str:
    """Return the output of a command that succeeds."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def refused(*arguments: str | Path) -> str:
    """Return the one-line error of a command that fails."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 1, result.stdout
    (line,) = result.stderr.splitlines()
    return line


def by_id(database: SyncDatabase[Any], name: str) -> dict[str, Any]:
    return {str(document["_id"]): document for document in database[name].find()}


@pytest.fixture
def sample(stored: SyncDatabase[Any]) -> dict[str, list[Any]]:
    """Store data of the first version in the database of the commands."""
    found = read_sample(1)
    for name, documents_ in found.items():
        stored[name].insert_many(documents_)
    return found


@pytest.fixture
def other(stored: SyncDatabase[Any]) -> Iterator[SyncDatabase[Any]]:
    """Make an empty database that of the commands, to restore into."""
    name = f"test_{uuid4().hex[:12]}"
    yield stored.client[name]
    stored.client.drop_database(name)


def use(monkeypatch: pytest.MonkeyPatch, database: SyncDatabase[Any], **settings: str) -> None:
    monkeypatch.setenv("TOCSIN_MONGODB_DATABASE", database.name)
    for name, value in settings.items():
        monkeypatch.setenv(f"TOCSIN_{name}", value)


def test_data_of_an_older_version_is_backed_up_unchanged_and_migrated_when_restored(
    stored: SyncDatabase[Any], sample: dict[str, list[Any]], other: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "documents (1 users, 9 tasks, 1 workflows, 13 runs, 1 workflow runs)" in tocsin("backup", "a.backup")
    assert list(stored["installation"].find()) == []
    use(monkeypatch, other)
    assert RESTORED in tocsin("restore", "a.backup")
    schema = other["installation"].find_one({"_id": "schema"})
    assert schema is not None
    assert (schema["version"], schema.get("restoring")) == (latest_version(), None)
    for name in sample.keys() - {"workers", "rate_buckets"}:
        expected = by_id(stored, name)
        if name == "tasks":
            expected = {_id: {**task, "name_key": task["name"].casefold()} for _id, task in expected.items()}
        assert by_id(other, name) == expected
    assert "has data (users)" in refused("restore", "a.backup")


def test_the_keys_are_included_unless_they_are_left_out(
    stored: SyncDatabase[Any], other: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("JWT_SECRET", "ENCRYPTION_KEY"):
        monkeypatch.delenv(f"TOCSIN_{name}")
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "first"))
    tocsin("users", "invite", "bob@example.com")  # creates the keys, and seals a link
    for file, options in (("with", ()), ("without", ("--without-keys",))):
        assert f"{file} holds" in tocsin("backup", file, *options)
    keys = {path.name: path.read_text() for path in (tmp_path / "first").iterdir()}
    assert keys.keys() == {"encryption_key", "jwt_secret"}

    use(monkeypatch, other, DATA_DIR=str(tmp_path / "second"))
    assert "need the keys that it was created with: set TOCSIN_ENCRYPTION_KEY and" in refused("restore", "without")
    assert not (tmp_path / "second").exists()
    assert other.list_collection_names() == []
    tocsin("restore", "with")
    assert {path.name: path.read_text() for path in (tmp_path / "second").iterdir()} == keys
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "second").iterdir()] == [0o600, 0o600]

    other.client.drop_database(other.name)
    wrong = {"ENCRYPTION_KEY": "b" * 43 + "=", "JWT_SECRET": keys["jwt_secret"].strip()}
    use(monkeypatch, other, DATA_DIR=str(tmp_path / "third"), **wrong)
    assert "need the keys that it was created with" in refused("restore", "without")
    tocsin("restore", "without", "--lost-keys")
    assert "set up with other keys than those of this process" in refused("keys", "list")
    tocsin("keys", "rotate", "--forget-lost")
    tocsin("keys", "list")

    other.client.drop_database(other.name)
    use(monkeypatch, other, ENCRYPTION_KEY=keys["encryption_key"].strip())
    tocsin("restore", "without")
    tocsin("keys", "list")


MANY = 5_000
"""The number of runs, enough for a restore that can be interrupted."""


def test_a_killed_restore_is_detected_and_starts_over(
    stored: SyncDatabase[Any], sample: dict[str, list[Any]], other: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    user = sample["users"][0]["_id"]
    stored["runs"].insert_many([{**sample["runs"][0], "_id": f"{user}/x:{number}"} for number in range(MANY)])
    tocsin("backup", "old.backup")
    use(monkeypatch, other)
    process = subprocess.Popen([sys.executable, "-m", "tocsin", "restore", "old.backup"])
    while other["runs"].find_one({}) is None:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    sentence = (
        "contains only a part of the backup old.backup, because the restore was interrupted: run `tocsin restore` again"
    )
    for arguments in (("users", "list"), ("backup", "b.backup"), ("serve",)):
        monkeypatch.setenv("TOCSIN_PORT", "0")
        assert sentence in refused(*arguments)
    tocsin("restore", "old.backup")
    assert other["runs"].count_documents({}) == len(sample["runs"]) + MANY
    assert "alice@example.com" in tocsin("users", "list")


def test_newer_data_and_newer_backups_are_refused(
    stored: SyncDatabase[Any], other: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    tocsin("users", "list")
    tocsin("backup", "a.backup")
    newer = {"$set": {"version": latest_version() + 1, "program": "9.9.9"}}
    stored["installation"].update_one({"_id": "schema"}, newer)
    sentence = f"contains data of version {latest_version() + 1}, written by a newer Tocsin (9.9.9)"
    monkeypatch.setenv("TOCSIN_PORT", "0")
    for arguments in (("users", "list"), ("backup", "b.backup"), ("serve",)):
        assert sentence in refused(*arguments)
    assert not Path("b.backup").exists()
    with monkeypatch.context() as patch:
        patch.setattr("tocsin.cli.backups.latest_version", lambda: latest_version() + 1)
        tocsin("backup", "b.backup")
    use(monkeypatch, other)
    assert sentence.partition("(")[0] in refused("restore", "b.backup")
    assert other.list_collection_names() == []


def test_a_backup_or_restore_that_fails_says_why(
    stored: SyncDatabase[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "is empty: there is nothing to back up" in refused("backup", "a.backup")
    Path("a.backup").write_bytes(b"something else")
    assert "a.backup is not a Tocsin backup" in refused("restore", "a.backup")
    monkeypatch.delenv("TOCSIN_MONGODB_URI")
    monkeypatch.setenv("TOCSIN_DATA_DIR", str(tmp_path / "nothing"))
    assert "There is no database in" in refused("backup", "b.backup")
    assert "is not a Tocsin backup" in refused("restore", "a.backup")
    assert not (tmp_path / "nothing").exists()
