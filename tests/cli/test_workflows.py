"""`tocsin workflows`."""

import json
import re
from pathlib import Path
from typing import Any

from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done, tocsin

WRONG = """
name: wrong
steps:
  - key: a
    jub: http
  - {key: b, job: http, params: {url: "https://example.com"}, dependsOn: [c]}
"""


def test_save_list_and_export(alice: SyncDatabase[Any], folder: Path, tmp_path: Path) -> None:
    assert done("workflows", "save", ALICE, str(folder)) == "right: version 1\n"
    assert json.loads(done("workflows", "list", ALICE, "--json")) == [
        {"name": "right", "version": 1, "nextRunAt": None, "isPaused": False, "description": "is right"}
    ]
    exported = done("workflows", "export", ALICE, "right")
    assert "s3cret" not in exported
    assert "token: '***'" in exported
    done("workflows", "export", ALICE, "--folder", str(tmp_path / "out"))
    assert done("workflows", "save", ALICE, str(tmp_path / "out")) == "right: version 1\n"
    assert alice["workflow_versions"].count_documents({}) == 1


def test_a_kept_secret_is_not_sent_to_another_server(alice: SyncDatabase[Any], folder: Path, tmp_path: Path) -> None:
    done("workflows", "save", ALICE, str(folder))
    done("workflows", "export", ALICE, "--folder", str(tmp_path / "out"))
    file = tmp_path / "out" / "right.yaml"
    file.write_text(re.sub(r"https?://[^/\s]+", "https://evil.example", file.read_text()))
    result = tocsin("workflows", "save", ALICE, str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith("right: line ")
    assert "*** keeps a stored secret, but the one at" in result.stderr
    assert "stays with the server that it was given for" in result.stderr
    assert alice["workflow_versions"].count_documents({}) == 1


def test_no_workflow_is_saved_if_one_is_invalid(alice: SyncDatabase[Any], folder: Path) -> None:
    (folder / "wrong.yaml").write_text(WRONG)
    assert tocsin("workflows", "save", ALICE, str(folder)).exit_code == 1
    assert alice["workflows"].count_documents({}) == 0


def test_a_missing_workflow_is_reported(alice: SyncDatabase[Any]) -> None:
    assert tocsin("workflows", "export", ALICE, "none").stderr == f"{ALICE} has no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none").stderr == "You have no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none", "--input", "{").exit_code == 2


def test_a_folder_that_cannot_be_written_is_reported(alice: SyncDatabase[Any], folder: Path, tmp_path: Path) -> None:
    done("workflows", "save", ALICE, str(folder))
    (tmp_path / "file").write_text("")
    result = tocsin("workflows", "export", ALICE, "--folder", str(tmp_path / "file" / "below"))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "cannot be written: Not a directory." in result.stderr
