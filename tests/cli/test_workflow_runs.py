"""`tocsin workflows run`."""

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done, tocsin
from tocsin import clock

WITH_INPUTS = "{name: w, inputs: {city: {}, n: {type: integer}}, steps: [{key: a, wait: PT1S}]}"


@pytest.fixture
def workflow(alice: SyncDatabase[Any], folder: Path) -> SyncDatabase[Any]:
    (folder / "right.yaml").write_text(WITH_INPUTS)
    done("workflows", "save", ALICE, str(folder))
    return alice


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{}", ["The input city (any) is missing.", "The input n (integer) is missing."]),
        ('{"n": "1", "citty": 1}', [
            "The input city (any) is missing.", "The input n must be of the type integer; it is a string.",
            "The workflow has no input citty. Did you mean city?",
        ]),
        ('{"city": "\udce9", "n": 1}', ["The string has a lone surrogate (U+DCE9), which is not a character."]),
    ],
)  # fmt: skip
def test_all_faults_of_inputs_are_reported_at_once(
    workflow: SyncDatabase[Any], given: str, expected: list[str]
) -> None:
    result = tocsin("workflows", "run", ALICE, "w", "--input", given)
    assert (result.exit_code, result.stderr.splitlines()) == (1, expected)
    assert workflow["workflow_runs"].count_documents({}) == 0


@pytest.mark.parametrize("given", ["{", "[" * 100_000, "9" * 5_000, '{"city": NaN}', r'{"city": "\ud83d"}'])
def test_an_input_that_is_no_json_is_reported(given: str) -> None:
    result = tocsin("workflows", "run", ALICE, "w", "--input", given)
    assert (result.exit_code, type(result.exception)) == (2, SystemExit)
    assert "--input is" in result.stderr


RIGHT_INPUT = ("--input", '{"city": "Bern", "n": 1}')


def test_a_run_is_not_started_while_no_server_runs(workflow: SyncDatabase[Any]) -> None:
    result = tocsin("workflows", "run", ALICE, "w", *RIGHT_INPUT)
    assert result.exit_code == 1
    assert result.stderr.startswith("No server is running on this database")
    assert workflow["workflow_runs"].count_documents({}) == 0
    run_id = done("workflows", "run", ALICE, "w", *RIGHT_INPUT, "--no-wait").strip()
    assert workflow["workflow_runs"].count_documents({}) == 1
    assert run_id


def test_waiting_ends_with_the_timeout(workflow: SyncDatabase[Any]) -> None:
    workflow["workers"].insert_one({"_id": "one that is alive", "until": clock.now() + timedelta(minutes=10)})
    result = tocsin("workflows", "run", ALICE, "w", *RIGHT_INPUT, "--timeout", "0.3")
    assert result.exit_code == 1
    assert "The run has not ended within 0.3 seconds." in result.stderr


def test_ctrl_c_ends_the_waiting_and_not_the_run(workflow: SyncDatabase[Any]) -> None:
    workflow["workers"].insert_one({"_id": "one that is alive", "until": clock.now() + timedelta(minutes=10)})
    command = [sys.executable, "-m", "tocsin", "workflows", "run", ALICE, "w", *RIGHT_INPUT]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has its background jobs ignore it, and theirs
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("Waiting for ")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("Stopped waiting. ")
    assert err.count("\n") == 1
    assert workflow["workflow_runs"].count_documents({"status": "PENDING"}) == 1
