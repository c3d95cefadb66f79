"""Logging with structlog and metrics with prometheus-client."""

import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

TASKS_DUE = Gauge("tocsin_tasks_due", "Tasks and retries found due in the last pass", registry=REGISTRY)
RUNS_FIRED = Counter("tocsin_runs_fired", "Runs made by the scheduler", ["status"], registry=REGISTRY)
LATENESS = Histogram(
    "tocsin_run_lateness_seconds", "First attempt's start minus due time", buckets=_SECONDS, registry=REGISTRY
)
ATTEMPTS = Counter("tocsin_attempts", "Attempts that ended", ["job", "outcome"], registry=REGISTRY)
ATTEMPT_DURATION = Histogram(
    "tocsin_attempt_duration_seconds", "How long attempts took", ["job"], buckets=_SECONDS, registry=REGISTRY
)
RUNS_QUEUED = Gauge("tocsin_runs_queued", "Runs that wait for a worker", registry=REGISTRY)
RUNS_RUNNING = Gauge("tocsin_runs_running", "Runs whose attempt is being made by this process", registry=REGISTRY)
RUNS_CLAIMED = Gauge("tocsin_runs_held", "Runs that this process has claimed and not yet settled", registry=REGISTRY)
CONNECTIONS = Gauge("tocsin_connections", "Connections of clients that are open", registry=REGISTRY)
MAILS = Counter("tocsin_mails", "Mails by outcome of the delivery attempt", ["outcome"], registry=REGISTRY)
DATABASE_RESTARTS = Counter(
    "tocsin_embedded_database_restarts", "Times the embedded database was restarted", registry=REGISTRY
)
QUOTA_REFUSALS = Counter("tocsin_quota_refusals", "What was refused because of a quota", ["quota"], registry=REGISTRY)
DISK_FREE = Gauge("tocsin_disk_free_bytes", "Bytes free on the disk of the database", registry=REGISTRY)
STORAGE_LOW = Gauge("tocsin_storage_low", "1 while nothing new is accepted for want of free disk", registry=REGISTRY)

Logger = structlog.stdlib.BoundLogger
_LONGEST = 1_000
_LONGEST_TRACEBACK = 50_000
_UNESCAPED = frozenset({"exception", "exc_info", "stack", "stack_info", "_record", "_from_structlog"})
"""Entries of a log line that are not escaped, because structlog processes them."""


def escape_text(text: str, longest: int = _LONGEST) -> str:
    """Escape non-printable characters and truncate the text, so that client input can be logged on one line."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in cut)


def get_logger(name: str) -> Logger:
    """Return a logger with this name. Its lines include the IDs bound to the current context."""
    bound: Logger = structlog.get_logger(name)
    return bound


def is_debug_enabled() -> bool:
    """Tell whether DEBUG lines are logged, so that callers can skip building expensive ones."""
    return logging.root.isEnabledFor(logging.DEBUG)


def configure_logging(level: str, style: str) -> None:
    """Send all log lines, including those of libraries, to standard error. `style` is `console` or `json`."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
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
    for noisy in ("apscheduler", "uvicorn.access", "pymongo", "asyncio", "strawberry.execution"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _renderers(style: str) -> list[Any]:
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if style == "json":
        return [strip, structlog.processors.format_exc_info, _cut_traceback, structlog.processors.JSONRenderer()]
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_write_traceback)]


def _escape_entries(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Escape all texts, so that client input can neither forge log lines nor send terminal escape sequences."""
    for name, value in line.items():
        if isinstance(value, str) and name not in _UNESCAPED:
            line[name] = escape_text(value)
    return line


def _cut_traceback(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if isinstance(traceback := line.get("exception"), str):
        line["exception"] = traceback[:_LONGEST_TRACEBACK]
    return line


def _write_traceback(file: TextIO, exc_info: Any) -> None:
    """Write a plain traceback: the others of structlog print local variables, which can contain secrets.

    It is indented, because a message in it can contain line breaks.
    """
    plain = io.StringIO()
    structlog.dev.plain_traceback(plain, exc_info)
    lines = plain.getvalue()[:_LONGEST_TRACEBACK].strip("\n").split("\n")
    file.write("".join(f"\n  {escape_text(line)}" for line in lines))
