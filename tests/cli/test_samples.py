"""`tocsin samples`."""

from typing import Any

from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done


def test_samples_are_saved(alice: SyncDatabase[Any]) -> None:
    names = done("samples", "list").split()
    assert {"hello_world", "failing_flow"} <= set(names)
    assert done("samples", "load", ALICE).splitlines() == [f"{name}: version 1" for name in names]
