"""`tocsin workflows` and `tocsin samples`."""

import json
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin import clock
from tocsin.cli.main import app

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
def alice(stored: SyncDatabase[Any]) -> SyncDatabase[Any]:
    done("users", "create", ALICE, "--password-stdin", stdin="tram ticket lemon\n")
    return stored


def test_validate_tells_all_that_is_wrong_and_where(folder: Path) -> None:
    assert done("workflows", "validate", str(folder)) == f"{folder / 'right.yaml'}: valid\n"
    (folder / "deep" / "wrong.yml").write_text(WRONG)
    result = tocsin("workflows", "validate", str(folder))
    assert result.exit_code == 1
    place = folder / "deep" / "wrong.yml"
    assert result.stderr.splitlines() == [
        f"{place}: line 5, column 5, steps[0].jub: There is no jub here. Did you mean job?",
        f"{place}: line 6, column 75, steps[1].dependsOn[0]: There is no step c. There are: a, b.",
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
    alice: SyncDatabase[Any], folder: Path, monkeypatch: pytest.MonkeyPatch
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
    assert done("workflows", "validate", str(file)) == f"{file}: valid\n"
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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            rb'{name: w, description: "\U00110000"}',
            "line 1, column 27: This is not valid YAML: an escape names a character",
        ),
        (b"name: w\n# caf\xe9\n", "line 2, column 6: This is not valid UTF-8: invalid continuation byte."),
        (b"x" * 300_000, "The text is longer than the limit of 262144 bytes."),
        (b"name: \x1b[2J", "line 1, column 7: This is not valid YAML: the character U+001B must be escaped."),
        (b'"\\e[2J": 1', r"\x1b[2J: There is no \x1b[2J here."),
        (b"%YAML " + b"1" * 5_000 + b".1\n---\n", "there is no such version of YAML."),
        (b"", "The text is empty."),
    ],
)
def test_what_cannot_be_read_is_told_like_any_other_fault(folder: Path, content: bytes, told: str) -> None:
    (folder / "right.yaml").write_bytes(content)
    for arguments in (("validate", str(folder)), ("save", ALICE, str(folder))):
        result = tocsin("workflows", *arguments)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit)
        assert told in result.stderr


def test_a_folder_without_workflows_is_told(tmp_path: Path) -> None:
    result = tocsin("workflows", "validate", str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, "No files found that end in .yaml or .yml.\n")


def test_save_list_and_export(alice: SyncDatabase[Any], folder: Path, tmp_path: Path) -> None:
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


def test_a_secret_that_would_go_elsewhere_is_not_saved(alice: SyncDatabase[Any], folder: Path, tmp_path: Path) -> None:
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


def test_nothing_is_saved_if_anything_is_wrong(alice: SyncDatabase[Any], folder: Path) -> None:
    (folder / "wrong.yaml").write_text(WRONG)
    assert tocsin("workflows", "save", ALICE, str(folder)).exit_code == 1
    assert alice["workflows"].count_documents({}) == 0


def test_what_is_not_there_is_told(alice: SyncDatabase[Any]) -> None:
    assert tocsin("workflows", "export", ALICE, "none").stderr == f"{ALICE} has no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none").stderr == "You have no workflow named none.\n"
    assert tocsin("workflows", "run", ALICE, "none", "--input", "{").exit_code == 2


WITH_INPUTS = "{name: w, inputs: {city: {}, n: {type: integer}}, steps: [{key: a, wait: PT1S}]}"


@pytest.fixture
def workflow(alice: SyncDatabase[Any], folder: Path) -> SyncDatabase[Any]:
    (folder / "right.yaml").write_text(WITH_INPUTS)
    done("workflows", "save", ALICE, str(folder))
    return alice


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("{}", ["The input city (any) is missing.", "The input n (integer) is missing."]),
        ('{"n": "1", "citty": 1}', [
            "The input city (any) is missing.", "The input n must be of the type integer; it is a string.",
            "The workflow has no input citty. Did you mean city?",
        ]),
        ('{"city": "\udce9", "n": 1}', ["The string has a lone surrogate (U+DCE9), which is not a character."]),
    ],
)  # fmt: skip
def test_all_that_is_wrong_with_inputs_is_told_at_once(
    workflow: SyncDatabase[Any], given: str, told: list[str]
) -> None:
    result = tocsin("workflows", "run", ALICE, "w", "--input", given)
    assert (result.exit_code, result.stderr.splitlines()) == (1, told)
    assert workflow["workflow_runs"].count_documents({}) == 0


@pytest.mark.parametrize("given", ["{", "[" * 100_000, "9" * 5_000, '{"city": NaN}', r'{"city": "\ud83d"}'])
def test_an_input_that_is_no_json_is_told(given: str) -> None:
    result = tocsin("workflows", "run", ALICE, "w", "--input", given)
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)
    assert "--input is" in result.stderr


RIGHT_INPUT = ("--input", '{"city": "Bern", "n": 1}')


def test_a_run_that_no_server_would_run_is_not_begun(workflow: SyncDatabase[Any]) -> None:
    result = tocsin("workflows", "run", ALICE, "w", *RIGHT_INPUT)
    assert result.exit_code == 1
    assert result.stderr.startswith("No server is running on this database")
    assert workflow["workflow_runs"].count_documents({}) == 0
    run_id = done("workflows", "run", ALICE, "w", *RIGHT_INPUT, "--no-wait").strip()
    assert workflow["workflow_runs"].count_documents({}) == 1
    assert run_id


def test_waiting_ends_with_its_time(workflow: SyncDatabase[Any]) -> None:
    workflow["workers"].insert_one({"_id": "one that is alive", "until": clock.now() + timedelta(minutes=10)})
    result = tocsin("workflows", "run", ALICE, "w", *RIGHT_INPUT, "--timeout", "0.3")
    assert result.exit_code == 1
    assert "The run has not ended within 0.3 seconds." in result.stderr


def test_ctrl_c_ends_the_waiting_and_not_the_run(workflow: SyncDatabase[Any]) -> None:
    workflow["workers"].insert_one({"_id": "one that is alive", "until": clock.now() + timedelta(minutes=10)})
    command = [sys.executable, "-m", "tocsin", "workflows", "run", ALICE, "w", *RIGHT_INPUT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Waiting for ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("Stopped waiting. ")
    assert err.count("\n") == 1
    assert workflow["workflow_runs"].count_documents({"status": "PENDING"}) == 1


def test_a_folder_that_cannot_be_written_is_told(workflow: SyncDatabase[Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = tocsin("workflows", "export", ALICE, "--folder", str(tmp_path / "file" / "below"))
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "cannot be written: Not a directory." in result.stderr


def test_samples_are_saved(alice: SyncDatabase[Any]) -> None:
    names = done("samples", "list").split()
    assert {"hello_world", "failing_flow"} <= set(names)
    assert done("samples", "load", ALICE).splitlines() == [f"{name}: version 1" for name in names]
