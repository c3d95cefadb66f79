"""Workflow files: found, read and validated, with every error where it is."""

from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, RIGHT, done, tocsin

WRONG = """
name: wrong
steps:
  - key: a
    jub: http
  - {key: b, job: http, params: {url: "https://example.com"}, dependsOn: [c]}
"""


def test_validate_reports_all_faults_with_their_places(folder: Path) -> None:
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


def test_a_time_without_an_offset_is_reported_before_anything_is_saved(folder: Path) -> None:
    (folder / "right.yaml").write_text(f"{RIGHT}schedule: {{at: 2126-11-29T10:00:00}}\n")
    result = tocsin("workflows", "validate", str(folder))
    assert result.exit_code == 1
    assert 'schedule: at: The offset is missing: write "2126-11-29T10:00:00Z" for UTC' in result.stderr


@pytest.mark.parametrize(
    ("content", "expected"),
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
def test_an_unreadable_file_is_reported_like_any_other_fault(folder: Path, content: bytes, expected: str) -> None:
    (folder / "right.yaml").write_bytes(content)
    for arguments in (("validate", str(folder)), ("save", ALICE, str(folder))):
        result = tocsin("workflows", *arguments)
        assert (result.exit_code, type(result.exception)) == (1, SystemExit)
        assert expected in result.stderr


def test_a_folder_without_workflows_is_reported(tmp_path: Path) -> None:
    result = tocsin("workflows", "validate", str(tmp_path))
    assert (result.exit_code, result.stderr) == (1, "No files found that end in .yaml or .yml.\n")
