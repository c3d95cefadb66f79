"""The composition of a serving process: database, engine, scheduler, events, mails."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.accounts import Accounts, LinkFlows
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.cancellation import cancel_and_wait
from tocsin.compute.pool import ProcessPool
from tocsin.config import Settings
from tocsin.dispatch.claims import count_queued
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import SETTLED_STATUSES, Database, WorkflowRunStatus, connect, is_workflow_run_id
from tocsin.documents.file_bucket import FileBucket
from tocsin.embedded import EmbeddedDatabase
from tocsin.errors import DatabaseUnavailable, StartupError
from tocsin.events import Change, Fanout
from tocsin.execution import RunEngine
from tocsin.execution.worker import WorkerDependencies
from tocsin.graphql.context import Services
from tocsin.jobs import registry
from tocsin.jobs.file_storage import FileStorage
from tocsin.jobs.reports.run_history import RunHistory
from tocsin.keys import rotation
from tocsin.keys.installation import open_installation_keys
from tocsin.keys.keyring import POLL_SECONDS, Keyring
from tocsin.maintenance import clock_watch
from tocsin.maintenance.clock_watch import ClockWatch
from tocsin.maintenance.periodic import Periodic
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import MailTransport, make_mail_transport
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.owner_mail import OwnerMailTransport
from tocsin.quotas import Quotas
from tocsin.quotas.disk_monitor import DISK_CHECK_SECONDS, DiskMonitor
from tocsin.scheduling import Scheduler
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.file_links import FileLinks
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import SecretBox
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.web.health import ComponentHealth
from tocsin.workflows.approval_mails import ApprovalMails
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.evaluator import Evaluator
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.versions import VersionCache

MAX_COUNTED_RUNS = 1_000
HEALTH_CACHE_SECONDS = 0.5
WARM_UP_DELAY_SECONDS = 3.0
"""Delay after the start before a compute process is warmed up. A job that needs one earlier waits for it."""
log = telemetry.get_logger(__name__)


class Runtime:
    """The parts of a serving process, which it starts and stops in order."""

    database: Database
    engine: RunEngine
    scheduler: Scheduler
    fanout: Fanout
    workflows: WorkflowEngine
    clock_watch: ClockWatch
    versions: VersionCache
    file_storage: FileStorage
    quotas: Quotas
    disk_watch: DiskMonitor
    services: Services
    processes: ProcessPool

    def __init__(self, settings: Settings, listening: Collection[int] = ()) -> None:
        """Prepare the process. `listening` are ports of this process that no task may call."""
        self.settings = settings
        self._listening = listening
        self.embedded: EmbeddedDatabase | None = None
        self._stack = contextlib.AsyncExitStack()
        self._health_lock = asyncio.Lock()
        self._health: dict[str, ComponentHealth] = {}
        self._health_at = float("-inf")

    async def start(self) -> None:
        """Start all parts. Raises StartError, after stopping the parts that had started."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def stop(self) -> None:
        """Stop all parts, the database last."""
        await self._stack.aclose()

    def drain(self) -> None:
        """Stop claiming new work."""
        self.engine.in_flight.is_draining = True

    async def check_health(self) -> dict[str, ComponentHealth]:
        """Return the health of each part. The result is cached for half a second, as `/ready` is public."""
        async with self._health_lock:
            if time.monotonic() - self._health_at >= HEALTH_CACHE_SECONDS:
                self._health = await self._collect_health()
                self._health_at = time.monotonic()
        return self._health

    async def _collect_health(self) -> dict[str, ComponentHealth]:
        waiting = 0
        try:
            async with asyncio.timeout(2):
                await self.database.ping()
            database = ComponentHealth(True)
            waiting = await self._count_waiting()
        except (DatabaseUnavailable, TimeoutError):
            database = ComponentHealth(False, self.embedded.problem if self.embedded else None)
        parts = {"database": database, "scheduler": ComponentHealth(self.scheduler.is_healthy)}
        warnings = {
            "clock": self.clock_watch.warning,
            "disk": self.disk_watch.warning,
            "runs": _describe_waiting(waiting),
        }
        return parts | {
            name: ComponentHealth(True, warning) for name, warning in warnings.items() if warning is not None
        }

    async def _count_waiting(self) -> int:
        """Count queued runs, up to `MOST_COUNTED`. Returns 0 if the database does not answer within a second."""
        with contextlib.suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(1):
                return await count_queued(self.database, MAX_COUNTED_RUNS)
        return 0

    async def refresh_metrics(self) -> None:
        """Refresh the metrics that are read from the database. Without a database they keep their values."""
        with contextlib.suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(2):
                telemetry.RUNS_QUEUED.set(await count_queued(self.database))

    async def _start(self) -> None:
        settings = self.settings
        registry.load_jobs()
        self.database = await self._open_database()
        self.quotas, self.disk_watch = Quotas(self.database, settings), DiskMonitor(self.database, settings)
        keys = await open_installation_keys(self.database, settings)
        secrets = SecretBox(keys.encryption, keys.former)
        tokens = AccessTokens(keys.jwt_secret, timedelta(minutes=settings.access_token_minutes))
        http = await self._open_http()
        door = make_mail_transport(settings)
        self.file_storage = self._shelf(keys)
        tools = self._tools(http, door, secrets)
        if not settings.requires_confirmed_addresses:
            log.warning("no mail server is set: mails are written to files, and addresses need no confirmation")
        postman = DeliveryWorker(
            self.database,
            door,
            secrets,
            page=settings.page_url,
            limits=RecipientLimits.from_settings(settings),
            confirms=settings.requires_confirmed_addresses,
            meter=self.quotas.meter,
        )
        self._start_engine(tools, postman)
        await self._start_keyring(Keyring(self.database, keys, tokens, secrets, self.engine.in_flight.worker_id))
        await self._watch_clock()
        await self.disk_watch.refresh()
        self._run_periodically(self.disk_watch.refresh, DISK_CHECK_SECONDS)
        await self.engine.start()
        self._stack.push_async_callback(self.engine.stop)
        self.scheduler.start()
        self._stack.push_async_callback(self.scheduler.stop)
        self.workflows.start()
        self._stack.push_async_callback(self.workflows.stop)
        self.fanout.start()
        self._stack.push_async_callback(self.fanout.stop)
        self._start_delivery_worker(postman)
        self.services = self._services(keys, tokens, secrets, postman)

    def _tools(self, http: HttpClient, door: MailTransport, secrets: SecretBox) -> WorkerDependencies:
        return WorkerDependencies(
            http,
            secrets,
            self._retry_decider(),
            self.settings.default_timeout,
            self._owner_door(door),
            self.file_storage,
            RunHistory(self.database),
            self.settings.email_recipients,
            self._open_processes(),
        )

    def _owner_door(self, door: MailTransport) -> Callable[[str], MailTransport]:
        limits, confirms = RecipientLimits.from_settings(self.settings), self.settings.requires_confirmed_addresses
        return lambda owner: OwnerMailTransport(door, self.database, limits, owner, confirms=confirms)

    async def _start_keyring(self, keyring: Keyring) -> None:
        await keyring.start()
        self._run_periodically(keyring.load, POLL_SECONDS)
        self._run_periodically(lambda: rotation.delete_retired_keys(keyring), rotation.SWEEP_SECONDS)

    async def _watch_clock(self) -> None:
        self.clock_watch = ClockWatch(self.database, timedelta(days=self.settings.refresh_token_days))
        await self.clock_watch.start()
        self._run_periodically(self.clock_watch.check, clock_watch.CHECK_INTERVAL_SECONDS)

    def _start_engine(self, tools: WorkerDependencies, postman: DeliveryWorker) -> None:
        def followed() -> None:
            postman.wake()
            self.engine.in_flight.wake_event.set()

        self.engine = RunEngine(
            self.database,
            self.settings,
            tools,
            on_retry=lambda at: self.scheduler.expect_due(at),
            on_follow=followed,
            on_step=lambda workflow_run: self.workflows.request_advance(workflow_run),
            quotas=self.quotas,
        )
        meter = self.quotas.meter
        letters = ApprovalMails(self.database, ApprovalRequestRules.from_settings(self.settings))
        self.versions = VersionCache(self.database, tools.secrets, self.settings)
        mover = WorkflowRunner(
            self.database,
            self.versions,
            letters,
            self.engine.in_flight,
            self.engine.abort_run,
            postman.wake,
            Evaluator.from_settings(self.settings, tools.compute),
            meter,
        )
        most_open = self.settings.max_open_runs
        firing = WorkflowScheduler(self.database, self.versions, most_open, meter)
        self.workflows = WorkflowEngine(self.database, mover, firing)
        self.scheduler = Scheduler(self.database, self.engine.in_flight, most_open, meter)
        self.fanout = Fanout(self.database, self._on_change)

    async def _open_database(self) -> Database:
        settings = self.settings
        if settings.mongodb_uri is not None:
            uri = settings.mongodb_uri.get_secret_value()
        else:
            self.embedded = server = EmbeddedDatabase(settings.data_dir, durability=settings.embedded_durability)
            await server.start()
            self._stack.push_async_callback(server.stop)
            uri = server.uri
        try:
            database = await connect(uri, settings.mongodb_database, alone=settings.uses_embedded_database)
        except (DatabaseUnavailable, PyMongoError) as error:
            raise StartupError(f"Tocsin cannot start: {error}".partition("\n")[0]) from error
        self._stack.push_async_callback(database.close)
        return database

    async def _open_http(self) -> HttpClient:
        settings = self.settings
        database_port = self.embedded.port if self.embedded else None
        http = HttpClient(
            allowed_networks=settings.allowed_networks,
            denied_ports=settings.denied_ports,
            connect_timeout=settings.connect_timeout,
            response_limit=settings.response_limit,
            max_redirects=settings.max_redirects,
            concurrency=settings.max_concurrency,
            rates=HostRates(settings.owner_host_rate),
            own=OwnServices.from_settings(settings, {*self._listening, database_port or 0}),
            contact=settings.contact,
        )
        await http.open()
        self._stack.push_async_callback(http.close)
        return http

    def _open_processes(self) -> ProcessPool:
        """Return the compute processes. The first is warmed up after the start, so as not to slow it down."""
        self.processes = processes = ProcessPool.from_settings(self.settings)
        self._stack.push_async_callback(processes.close)
        warming = asyncio.get_running_loop().call_later(WARM_UP_DELAY_SECONDS, processes.start_fork_server)
        self._stack.callback(warming.cancel)
        return processes

    def _shelf(self, keys: InstallationKeys) -> FileStorage:
        links = FileLinks((keys.encryption, *keys.former), timedelta(hours=self.settings.file_link_hours))
        return FileStorage(FileBucket(self.database), links, self.settings.page_url, self.quotas.meter.add_bytes)

    def _retry_decider(self) -> RetryDecider:
        return RetryDecider(
            RetryDefaults.from_settings(self.settings), timedelta(seconds=self.settings.retry_after_limit)
        )

    def _run_periodically(self, duty: Callable[[], Awaitable[None]], seconds: float) -> None:
        rounds = Periodic(duty, seconds)
        rounds.start()
        self._stack.push_async_callback(rounds.stop)

    def _start_delivery_worker(self, postman: DeliveryWorker) -> None:
        task = asyncio.create_task(postman.run(), name="postman")
        self._stack.push_async_callback(cancel_and_wait, task)

    def _services(
        self, keys: InstallationKeys, tokens: AccessTokens, secrets: SecretBox, postman: DeliveryWorker
    ) -> Services:
        accounts = Accounts(self.database, self.settings, tokens, keys.encryption)
        return Services(
            database=self.database,
            settings=self.settings,
            accounts=accounts,
            mailing=LinkFlows(self.database, self.settings, secrets, accounts.sessions, postman.wake),
            secrets=secrets,
            fanout=self.fanout,
            fingerprint_key=keys.encryption,
            on_due=self.scheduler.expect_due,
            on_queued=self.engine.in_flight.wake_dispatcher,
            on_cancel=self.engine.abort_run,
            versions=self.versions,
            on_workflow_due=self.workflows.expect_due,
            on_workflow_run=self.workflows.request_advance,
            files=self.file_storage,
            quotas=self.quotas,
            disk=self.disk_watch,
            find_wait_reason=self.engine.find_wait_reason,
            on_queue_change=self.engine.settings_sync.wake_event.set,
            compute=self.processes,
        )

    def _on_change(self, change: Change) -> None:
        """Wake the parts that a change concerns, whether it was written by this process or another."""
        if change.due_at is not None:
            self.scheduler.expect_due(change.due_at)
        if change.queued:
            self.engine.in_flight.wake_event.set()
        if change.task_id is not None and change.run_status in SETTLED_STATUSES and is_workflow_run_id(change.task_id):
            self.workflows.request_advance(change.task_id)
        if change.workflow_status is WorkflowRunStatus.PENDING and change.workflow_run_id is not None:
            self.workflows.request_advance(change.workflow_run_id)
        if change.cancel_requested and change.run_id is not None:
            self.engine.abort_run(change.run_id)


def _describe_waiting(count: int) -> str | None:
    if not count:
        return None
    more = " or more" if count >= MAX_COUNTED_RUNS else ""
    return f"{count}{more} waiting for a worker, a host, a queue or their owner's share"
