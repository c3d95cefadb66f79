"""Log lines: client input can neither forge lines nor send terminal escape sequences."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from tocsin import telemetry

HOSTILE = "a\n2026-01-01 00:00:00 [info     ] forged\r\x1b]0;x\x07\u009b31m\u202e\u2028" + "z" * 100_000


@pytest.fixture(params=["console", "json"])
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Return what a process writes to standard error."""
    before, handlers, level = structlog.get_config(), logging.root.handlers, logging.root.level
    text = io.StringIO()
    monkeypatch.setattr("sys.stderr", text)
    telemetry.configure_logging("INFO", request.param)
    yield text
    structlog.configure(**before)
    logging.root.handlers = handlers
    logging.root.setLevel(level)


def test_a_value_stays_on_its_line_and_is_cut(log: io.StringIO) -> None:
    telemetry.get_logger("test").info("said", what=HOSTILE, number=5)
    logging.getLogger("a.library").warning("refused %s", HOSTILE)
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.isprintable() and len(line) < 3_000 and "forged" in line for line in lines)


def test_a_message_in_a_traceback_begins_no_line(log: io.StringIO) -> None:
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        telemetry.get_logger("test").exception("failed")
    lines = log.getvalue().splitlines()
    if len(lines) == 1:
        assert "Traceback" in json.loads(lines[0])["exception"]
        assert lines[0].isprintable()
    else:
        assert all(line.startswith("  ") and line.isprintable() for line in lines[1:])
        assert any("Traceback" in line for line in lines)
    assert len(log.getvalue()) < 60_000


def test_what_is_printable_is_left_alone() -> None:
    assert telemetry.escape_text("Grüße, 東京 🙄") == "Grüße, 東京 🙄"
    assert telemetry.escape_text("abc", 2) == "ab…"
