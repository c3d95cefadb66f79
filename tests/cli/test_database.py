"""`tocsin database`: the URI of the database for a shell."""

from pathlib import Path
from typing import Any

import pymongo
import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner

from tests.acceptance.server import run_server
from tocsin.cli.main import app


def test_the_uri_of_the_settings(stored: SyncDatabase[Any], mongodb_uri: str) -> None:
    done = CliRunner().invoke(app, ["database", "uri"])
    assert (done.exit_code, done.output) == (0, f"{mongodb_uri}\n")


def test_without_a_server_the_command_fails_and_creates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = CliRunner().invoke(app, ["database", "uri"])
    assert done.exit_code == 1
    assert f"No server is running in {tmp_path / 'data'}" in done.output
    assert list(tmp_path.iterdir()) == []


async def test_the_uri_of_an_embedded_database_can_be_used(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        uri = (await server.run_command("database", "uri")).strip()
        with pymongo.MongoClient[Any](uri) as client:
            assert client["tocsin"]["users"].count_documents({}) == 1
