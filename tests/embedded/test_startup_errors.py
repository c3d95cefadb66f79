from pathlib import Path

import pytest

from tocsin.embedded import startup_errors

D = Path("/d")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "WiredTiger database is already being managed by another process: busy",
            "in use by another process",
        ),
        ("WT_TRY_SALVAGE: database corruption detected", "is damaged"),
        ("secantus_users.wt does not appear to be a WiredTiger file: WT_ERROR: non-specific", "is damaged"),
        ("d/secantus_indexes.wt: handle-open: open: No such file or directory", "is damaged"),
        ("pwrite: failed to write 98304 bytes: No space left on device", "the disk is full"),
        ("failed to create storage dir /d: Permission denied (os error 13)", "has no permission to write there"),
        ("failed to bind 127.0.0.1:4: Address already in use", "last output was: failed to bind"),
    ],
)
def test_the_output_of_the_server_becomes_one_sentence(line: str, expected: str) -> None:
    message = str(startup_errors.server_exited(D, ["something before", line]))
    assert expected in message
    assert "/d" in message
    assert message.endswith(".")
    assert "\n" not in message


def test_a_server_without_output_is_reported_too() -> None:
    assert "printed nothing" in str(startup_errors.server_exited(D, []))


def test_many_missing_files_are_counted() -> None:
    assert "a, b, c and 2 more is missing" in str(startup_errors.files_missing(D, ["a", "b", "c", "d", "e"]))
