"""`tocsin workflows` and `tocsin samples`, as an administrator types them."""

import json
from pathlib import Path

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin.cli.main import app
from tocsin.documents import Doc

ALICE = "alice@example.com"
RIGHT = """
name: right
description: is right
steps:
  - {key: a, job: http, params: {url: "https://example.com", token: "a s3cret"}}
"""
WRONG = """
name: wrong
steps:
  - key: a
    jub: http
  - {key: b, job: http, params: {url: "https://example.com"}, dependsOn: [c]}
"""


def tocsin(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, arguments, input=stdin, env={"COLUMNS": "140"})


def done(*arguments: str, stdin: str = "") -> str:
    result = tocsin(*arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flows" / "deep").mkdir(parents=True)
    (tmp_path / "flows" / "right.yaml").write_text(RIGHT)
    return tmp_path / "flows"


@pytest.fixture
def alice(stored: SyncDatabase[Doc]) -> SyncDatabase[Doc]:
    done("users", "create", ALICE, "--password-stdin", stdin="tram ticket lemon\n")
    return stored


def test_validate_tells_all_that_is_wrong_and_where(folder: Path) -> None:
    assert done("workflows", "validate", str(folder)) == f"{folder / 'right.yaml'}: right\n"
    (folder / "deep" / "wrong.yml").write_text(WRONG)
    result = tocsin("workflows", "validate", str(folder))
    assert result.exit_code == 1
    place = folder / "deep" / "wrong.yml"
    assert result.stderr.splitlines() == [
        f"{place}: line 5, column 5, steps[0].jub: There is no jub here. Did you mean job?"
    ]


BLOCKED = """
name: blocked
steps:
  - key: a
    job: http
    params: {url: "http://169.254.169.254/"}
    compensation: {job: http, params: {url: "http://127.0.0.1/"}}
  - {key: b, job: http, params: {url: "http://localhost:6379/"}}
  - {key: c, job: http, params: {url: "http://${{ steps.a.result.body }}/"}}
"""


def test_an_address_that_can_never_be_called_is_a_fault_unless_it_is_allowed(
    alice: SyncDatabase[Doc], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "blocked.yaml"
    file.write_text(BLOCKED)
    for command in (("validate",), ("save", ALICE)):
        result = tocsin("workflows", *command, str(file))
        assert result.exit_code == 1
        lines = [line.removeprefix(f"{file}: ").partition(" may not")[0] for line in result.stderr.splitlines()]
        assert lines == [
            "line 6, column 14, steps[0].params.url: The url cannot be called. 169.254.169.254",
            "line 7, column 40, steps[0].compensation.params.url: The url cannot be called. 127.0.0.1",
            "line 8, column 34, steps[1].params.url: The url cannot be called. Port 6379",
        ]
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "127.0.0.0/8,169.254.0.0/16")
    monkeypatch.setenv("TOCSIN_DENIED_PORTS", "none")
    assert done("workflows", "validate", str(file)) == f"{file}: right\n"
    assert done("workflows", "save", ALICE, str(file)) == "blocked: version 1\n"
    monkeypatch.setenv("TOCSIN_ALLOWED_NETWORKS", "nowhere")
    result = tocsin("workflows", "validate", str(file))
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert "TOCSIN_ALLOWED_NETWORKS" in result.stderr


def test_a_time_without_an_offset_is_told_so_before_anything_is_saved(folder: Path) -> None:
    (folder / "right.yaml").write_text(f"{RIGHT}schedule: {{at: 2126-11-29T10:00:00}}\n")
    result = tocsin("workflows", "validate", str(folder))
    assert result.exit_code == 1
    assert 'schedule: at: The offset is missing: write "2126-11-29T10:00:00Z" for UTC' in result.stderr


def test_save_list_and_export(alice: SyncDatabase[Doc], folder: Path, tmp_path: Path) -> None:
    assert done("workflows", "save", ALICE, str(folder)) == "right: version 1\n"
    assert json.loads(done("workflows", "list", ALICE, "--json")) == [
        {"name": "right", "version": 1, "nextRunAt": None, "description": "is right"}
    ]
    exported = done("workflows", "export", ALICE, "right")
    assert "s3cret" not in exported
    assert "token: '***'" in exported
    done("workflows", "export", ALICE, "--folder", str(tmp_path / "out"))
    assert done("workflows", "save", ALICE, str(tmp_path / "out")) == "right: version 1\n"
    assert alice["workflow_versions"].count_documents({}) == 1


def test_nothing_is_saved_if_anything_is_wrong(alice: SyncDatabase[Doc], folder: Path) -> None:
    (folder / "wrong.yaml").write_text(WRONG)
    assert tocsin("workflows", "save", ALICE, str(folder)).exit_code == 1
    assert alice["workflows"].count_documents({}) == 0


def test_what_is_not_there_is_told(alice: SyncDatabase[Doc]) -> None:
    assert tocsin("workflows", "export", ALICE, "none").stderr == f"{ALICE} has no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none").stderr == "You have no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none", "--input", "{").exit_code == 2


def test_samples_are_saved(alice: SyncDatabase[Doc]) -> None:
    names = done("samples", "list").split()
    assert {"hello_world", "failing_flow"} <= set(names)
    assert done("samples", "load", ALICE).splitlines() == [f"{name}: version 1" for name in names]
