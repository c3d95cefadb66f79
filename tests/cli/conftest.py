"""Commands run in the process of the tests, each in its own event loop."""

import gc
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import structlog
from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, PASSWORD, RIGHT, done
from tocsin import documents


@pytest.fixture(autouse=True)
def leftovers_are_collected_here() -> Iterator[None]:
    """Collect garbage of a command's loop, so that its warnings do not fail a later test.

    PyMongo's monitor may be connecting when a command's loop ends, which leaves a socket to the collector.
    """
    gc.disable()
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Hide the settings of the environment, and restore the logging configuration afterwards."""
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    handlers, level = list(logging.root.handlers), logging.root.level
    yield
    logging.root.handlers = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stored(mongodb_uri: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncDatabase[Any]]:
    """Return the database that the commands of this test use."""
    given = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": f"test_{uuid4().hex[:12]}"}
    for name, value in {**given, "JWT_SECRET": "j" * 32, "ENCRYPTION_KEY": "a" * 43 + "="}.items():
        monkeypatch.setenv(f"TOCSIN_{name}", value)
    database = documents.connect_sync(mongodb_uri, given["MONGODB_DATABASE"])
    yield database
    database.client.drop_database(database.name)
    database.client.close()


@pytest.fixture
def alice(stored: SyncDatabase[Any]) -> SyncDatabase[Any]:
    """Create a user, and return the database."""
    done("users", "create", ALICE, "--password-stdin", stdin=f"{PASSWORD}\n")
    return stored


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one valid workflow, and an empty folder in it."""
    (tmp_path / "flows" / "deep").mkdir(parents=True)
    (tmp_path / "flows" / "right.yaml").write_text(RIGHT)
    return tmp_path / "flows"
