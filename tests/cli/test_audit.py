"""`tocsin audit`."""

from typing import Any

from pymongo.synchronous.database import Database as SyncDatabase

from tests.cli.commands import ALICE, done


def test_the_audit_log_can_be_narrowed(alice: SyncDatabase[Any]) -> None:
    done("users", "promote", ALICE)
    done("users", "create", "bob@example.com", "--password-stdin", stdin="tram ticket lemon\n")
    lines = done("audit", "list", "--email", "Alice@Example.com").splitlines()
    assert [line.split()[1] for line in lines] == ["USER_PROMOTED", "USER_CREATED"]
    assert "by command line from -" in lines[0]
    (line,) = done("audit", "list", "--action", "user_created", "--limit", "1").splitlines()
    assert "bob@example.com" in line
    assert done("audit", "list", "--email", "nobody@example.com") == "There are no entries.\n"
