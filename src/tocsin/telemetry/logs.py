"""Logging with structlog: one line for each event, with client input escaped."""

import io
import logging
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog

Logger = structlog.stdlib.BoundLogger
_MAX_LENGTH = 1_000
_MAX_TRACEBACK_LENGTH = 50_000
_UNESCAPED = frozenset({"exception", "exc_info", "stack", "stack_info", "_record", "_from_structlog"})
"""Entries of a log line that are not escaped, because structlog processes them."""
_BOUND_IDS: ContextVar[tuple[Callable[[str], Mapping[str, str]], str] | None] = ContextVar("bound_ids", default=None)


def escape_text(text: str, max_length: int = _MAX_LENGTH) -> str:
    """Escape non-printable characters and truncate the text, so that client input can be logged on one line."""
    cut = text if len(text) <= max_length else f"{text[:max_length]}…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cut)


def get_logger(name: str) -> Logger:
    """Return a logger with this name. Its lines include the IDs bound to the current context."""
    bound: Logger = structlog.get_logger(name)
    return bound


def bind_ids(derive: Callable[[str], Mapping[str, str]], document_id: str) -> None:
    """Add the IDs that `derive` returns for this document to the lines of the current context, instead of other ones.

    They are derived when a line is written, since most runs write none.
    """
    structlog.contextvars.clear_contextvars()
    _BOUND_IDS.set((derive, document_id))


def is_debug_enabled() -> bool:
    """Tell whether DEBUG lines are logged, so that callers can skip building expensive ones."""
    return logging.root.isEnabledFor(logging.DEBUG)


def configure_logging(level: str, style: str) -> None:
    """Send all log lines, including those of libraries, to standard error. `style` is `console` or `json`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _add_bound_ids,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _escape_entries,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_renderers(style)))
    logging.root.handlers = [handler]
    logging.root.setLevel(level)
    for library in ("apscheduler", "uvicorn.access", "pymongo", "asyncio", "strawberry.execution"):
        logging.getLogger(library).setLevel(logging.WARNING)


def _renderers(style: str) -> list[Any]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "json":
        return [strip, structlog.processors.format_exc_info, _cut_traceback, structlog.processors.JSONRenderer()]
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)]


def _add_bound_ids(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (bound := _BOUND_IDS.get()) is None:
        return line
    derive, document_id = bound
    return {**derive(document_id), **line}


def _escape_entries(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape all texts, so that client input can neither forge log lines nor send terminal escape sequences."""
    for name, value in line.items():
        if isinstance(value, str) and name not in _UNESCAPED:
            line[name] = escape_text(value)
    return line


def _cut_traceback(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if isinstance(traceback := line.get("exception"), str):
        line["exception"] = traceback[:_MAX_TRACEBACK_LENGTH]
    return line


def _write_traceback(file: TextIO, exc_info: Any) -> None:
    """Write a plain traceback: the others of structlog print local variables, which can contain secrets.

    It is indented, because a message in it can contain line breaks.
    """
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    lines = plain.getvalue()[:_MAX_TRACEBACK_LENGTH].strip("\n").split("\n")
    file.write("".join(f"\n  {escape_text(line)}" for line in lines))
