"""Logs and metrics."""

from tocsin.telemetry.logs import Logger, bind_ids, configure_logging, escape_text, get_logger, is_debug_enabled
from tocsin.telemetry.metrics import (
    ATTEMPT_DURATION,
    ATTEMPTS,
    CONNECTIONS,
    DATABASE_RESTARTS,
    DISK_FREE,
    LATENESS,
    MAILS,
    QUOTA_REFUSALS,
    REGISTRY,
    RUNS_CLAIMED,
    RUNS_FIRED,
    RUNS_QUEUED,
    RUNS_RUNNING,
    STORAGE_LOW,
    TASKS_DUE,
)

__all__ = [
    "ATTEMPTS",
    "ATTEMPT_DURATION",
    "CONNECTIONS",
    "DATABASE_RESTARTS",
    "DISK_FREE",
    "LATENESS",
    "MAILS",
    "QUOTA_REFUSALS",
    "REGISTRY",
    "RUNS_CLAIMED",
    "RUNS_FIRED",
    "RUNS_QUEUED",
    "RUNS_RUNNING",
    "STORAGE_LOW",
    "TASKS_DUE",
    "Logger",
    "bind_ids",
    "configure_logging",
    "escape_text",
    "get_logger",
    "is_debug_enabled",
]  # fmt: skip
