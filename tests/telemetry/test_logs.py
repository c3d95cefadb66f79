"""Log lines: client input can neither forge lines nor send terminal escape sequences."""

import io
import json
import logging
from collections.abc import Iterator
from contextvars import copy_context

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

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


def test_printable_text_is_left_as_it_is() -> None:
    assert telemetry.escape_text("Grüße, 東京 🙄") == "Grüße, 東京 🙄"
    assert telemetry.escape_text("abc", 2) == "ab…"


@given(st.text())
def test_escaped_text_is_printable_and_of_bounded_length(text: str) -> None:
    escaped = telemetry.escape_text(text, 50)
    assert escaped.isprintable()
    assert len(escaped) <= 10 * 50 + 1
    if text.isprintable() and len(text) <= 50:
        assert escaped == text


def test_lines_below_the_level_are_left_out(log: io.StringIO) -> None:
    telemetry.get_logger("test").debug("too detailed")
    logging.getLogger("pymongo").info("too detailed")
    assert log.getvalue() == ""
    assert not telemetry.is_debug_enabled()


def test_a_line_has_the_ids_that_are_bound_to_its_context(log: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(run="alice/t1:7"):
        telemetry.get_logger("tocsin.test").warning("slow", seconds=3)
    (line,) = log.getvalue().splitlines()
    assert all(word in line for word in ("slow", "warning", "tocsin.test", "alice/t1:7", "3"))


def test_bound_ids_are_derived_for_the_lines_that_are_written(log: io.StringIO) -> None:
    derived: list[str] = []

    def derive(document_id: str) -> dict[str, str]:
        derived.append(document_id)
        return {"run_id": f"public-{document_id}", "task_id": "of the run"}

    def log_in_a_run() -> None:
        structlog.contextvars.bind_contextvars(request_id="of-a-request")
        telemetry.bind_ids(derive, "r1")
        telemetry.bind_ids(derive, "r2")
        telemetry.get_logger("test").debug("too detailed")
        assert derived == []
        telemetry.get_logger("test").warning("slow", task_id="another")
        logging.getLogger("a.library").warning("slow as well")

    copy_context().run(log_in_a_run)
    assert derived == ["r2", "r2"]
    own, of_library = log.getvalue().splitlines()
    assert "public-r2" in own
    assert "public-r2" in of_library
    assert "another" in own
    assert "of the run" not in own
    assert "of-a-request" not in log.getvalue()
