"""The metrics of a process, for Prometheus."""

from functools import lru_cache

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
CHANNEL_NOTIFICATIONS = Counter(
    "tocsin_channel_notifications",
    "Notifications to channels of users, by outcome of the delivery attempt",
    ["outcome"],
    registry=REGISTRY,
)
DATABASE_RESTARTS = Counter(
    "tocsin_embedded_database_restarts", "Times the embedded database was restarted", registry=REGISTRY
)
QUOTA_REFUSALS = Counter("tocsin_quota_refusals", "What was refused because of a quota", ["quota"], registry=REGISTRY)
DISK_FREE = Gauge("tocsin_disk_free_bytes", "Bytes free on the disk of the database", registry=REGISTRY)
NETWORK_DOWN = Gauge("tocsin_network_down", "1 while no canary answers this process", registry=REGISTRY)
STORAGE_LOW = Gauge("tocsin_storage_low", "1 while nothing new is accepted for want of free disk", registry=REGISTRY)


def count_attempt(job: str, outcome: str, seconds: float) -> None:
    """Count an ended attempt of this kind of job, and how long it took."""
    attempts, duration = _attempt_metrics(job, outcome)
    attempts.inc()
    duration.observe(seconds)


@lru_cache(maxsize=1_000)
def _attempt_metrics(job: str, outcome: str) -> tuple[Counter, Histogram]:
    """Return the metrics with these labels: to find them costs as much as to count."""
    return ATTEMPTS.labels(job, outcome), ATTEMPT_DURATION.labels(job)
