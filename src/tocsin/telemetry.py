"""Logs and metrics: structlog for what happened, prometheus-client for how much of it."""

import logging
import sys
from typing import Any

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
RUNS_HELD = Gauge("tocsin_runs_held", "Runs that this process has claimed and not yet settled", registry=REGISTRY)
MAILS = Counter("tocsin_mails", "Mails by outcome of the delivery attempt", ["outcome"], registry=REGISTRY)
DATABASE_RESTARTS = Counter(
    "tocsin_embedded_database_restarts", "Times the embedded database was restarted", registry=REGISTRY
)
QUOTA_REFUSALS = Counter("tocsin_quota_refusals", "What was refused because of a quota", ["quota"], registry=REGISTRY)
DISK_FREE = Gauge("tocsin_disk_free_bytes", "Bytes free on the disk of the database", registry=REGISTRY)
STORAGE_LOW = Gauge("tocsin_storage_low", "1 while nothing new is accepted for want of free disk", registry=REGISTRY)

Logger = structlog.stdlib.BoundLogger


def logger(name: str) -> Logger:
    """A logger whose lines carry `name`, and the request, task and run ids bound to the present context."""
    bound: Logger = structlog.get_logger(name)
    return bound


def shows_debug() -> bool:
    """Tell whether DEBUG lines are shown, for those that are not worth making otherwise."""
    return logging.root.isEnabledFor(logging.DEBUG)


def configure_logging(level: str, style: str) -> None:
    """Send every log line, ours and the libraries', to standard error as `console` lines or `json` objects."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
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
        return [strip, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    # Plain tracebacks: the others print local variables, and with them secrets.
    plain = structlog.dev.plain_traceback
    return [strip, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
