"""The composition of a serving process: database, engine, scheduler, events, mails."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.accounts import Accounts, Mailing
from tocsin.accounts.approval_requests import RequestRules
from tocsin.cancellation import end_tasks
from tocsin.compute.pool import Processes
from tocsin.config import Settings
from tocsin.dispatch.claims import count_queued
from tocsin.dispatch.retry_decision import Judge
from tocsin.documents import SETTLED, Database, WorkflowRunStatus, connect, is_workflow_run
from tocsin.documents.file_bucket import FileStore
from tocsin.embedded import EmbeddedDatabase
from tocsin.errors import DatabaseUnavailable, StartError
from tocsin.events import Change, Fanout
from tocsin.execution import Engine
from tocsin.execution.worker import Tools
from tocsin.graphql.context import Services
from tocsin.jobs import registry
from tocsin.jobs.file_storage import Shelf
from tocsin.jobs.reports.run_history import RunHistory
from tocsin.keys import rotation
from tocsin.keys.installation import open_keys
from tocsin.keys.keyring import POLL_SECONDS, Keyring
from tocsin.maintenance import clock_watch
from tocsin.maintenance.clock_watch import ClockWatch
from tocsin.maintenance.periodic import Rounds
from tocsin.notifications.delivery_worker import Postman
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.http_client import HttpDoor
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import MailDoor, mail_door
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.owner_mail import OwnerDoor
from tocsin.quotas import Quotas
from tocsin.quotas.disk_monitor import LOOK_SECONDS, DiskWatch
from tocsin.scheduling import Scheduler
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.file_links import FileLinks
from tocsin.security.key_files import Keys
from tocsin.security.secret_box import SecretBox
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.web.health import PartState
from tocsin.workflows.approval_mails import Letters
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.evaluator import Evaluator
from tocsin.workflows.engine.runner import Mover
from tocsin.workflows.engine.scheduler import Firing
from tocsin.workflows.versions import Versions

MOST_COUNTED = 1_000
READY_SECONDS = 0.5
WARM_SECONDS = 3.0
"""Delay after the start before a compute process is warmed up. A job that needs one earlier waits for it."""
log = telemetry.logger(__name__)


class Runtime:
    """The parts of a serving process, which it starts and stops in order."""

    database: Database
    engine: Engine
    scheduler: Scheduler
    fanout: Fanout
    workflows: WorkflowEngine
    clock: ClockWatch
    versions: Versions
    shelf: Shelf
    quotas: Quotas
    disk: DiskWatch
    services: Services
    processes: Processes

    def __init__(self, settings: Settings, listening: Collection[int] = ()) -> None:
        """Prepare the process. `listening` are ports of this process that no task may call."""
        self.settings = settings
        self._listening = listening
        self.embedded: EmbeddedDatabase | None = None
        self._stack = contextlib.AsyncExitStack()
        self._health_lock = asyncio.Lock()
        self._health: dict[str, PartState] = {}
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
        self.engine.hand.draining = True

    async def ready(self) -> dict[str, PartState]:
        """Return the health of each part. The result is cached for half a second, as `/ready` is public."""
        async with self._health_lock:
            if time.monotonic() - self._health_at >= READY_SECONDS:
                self._health = await self._collect_health()
                self._health_at = time.monotonic()
        return self._health

    async def _collect_health(self) -> dict[str, PartState]:
        waiting = 0
        try:
            async with asyncio.timeout(2):
                await self.database.ping()
            database = PartState(True)
            waiting = await self._count_waiting()
        except (DatabaseUnavailable, TimeoutError):
            database = PartState(False, self.embedded.trouble if self.embedded else None)
        parts = {"database": database, "scheduler": PartState(self.scheduler.healthy)}
        warnings = {"clock": self.clock.warning, "disk": self.disk.warning, "runs": _describe_waiting(waiting)}
        return parts | {name: PartState(True, warning) for name, warning in warnings.items() if warning is not None}

    async def _count_waiting(self) -> int:
        """Count queued runs, up to `MOST_COUNTED`. Returns 0 if the database does not answer within a second."""
        with contextlib.suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(1):
                return await count_queued(self.database, MOST_COUNTED)
        return 0

    async def measure(self) -> None:
        """Refresh the metrics that are read from the database. Without a database they keep their values."""
        with contextlib.suppress(PyMongoError, TimeoutError):
            async with asyncio.timeout(2):
                telemetry.RUNS_QUEUED.set(await count_queued(self.database))

    async def _start(self) -> None:
        settings = self.settings
        registry.all_jobs()
        self.database = await self._open_database()
        self.quotas, self.disk = Quotas(self.database, settings), DiskWatch(self.database, settings)
        keys = await open_keys(self.database, settings)
        secrets = SecretBox(keys.encryption, keys.former)
        tokens = AccessTokens(keys.jwt_secret, timedelta(minutes=settings.access_token_minutes))
        http = await self._open_http()
        door = mail_door(settings)
        self.shelf = self._shelf(keys)
        tools = self._tools(http, door, secrets)
        if not settings.confirms_addresses:
            log.warning("no mail server is set: mails are written to files, and addresses need no confirmation")
        postman = Postman(
            self.database,
            door,
            secrets,
            page=settings.page,
            limits=RecipientLimits.of(settings),
            confirms=settings.confirms_addresses,
            meter=self.quotas.meter,
        )
        self._start_engine(tools, postman)
        await self._start_keyring(Keyring(self.database, keys, tokens, secrets, self.engine.hand.worker))
        await self._watch_clock()
        await self.disk.look()
        self._run_periodically(self.disk.look, LOOK_SECONDS)
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

    def _tools(self, http: HttpDoor, door: MailDoor, secrets: SecretBox) -> Tools:
        return Tools(
            http,
            secrets,
            self._retry_decider(),
            self.settings.timeout_of,
            self._owner_door(door),
            self.shelf,
            RunHistory(self.database),
            self.settings.email_recipients,
            self._open_processes(),
        )

    def _owner_door(self, door: MailDoor) -> Callable[[str], MailDoor]:
        limits, confirms = RecipientLimits.of(self.settings), self.settings.confirms_addresses
        return lambda owner: OwnerDoor(door, self.database, limits, owner, confirms=confirms)

    async def _start_keyring(self, keyring: Keyring) -> None:
        await keyring.start()
        self._run_periodically(keyring.load, POLL_SECONDS)
        self._run_periodically(lambda: rotation.sweep(keyring), rotation.SWEEP_SECONDS)

    async def _watch_clock(self) -> None:
        self.clock = ClockWatch(self.database, timedelta(days=self.settings.refresh_token_days))
        await self.clock.start()
        self._run_periodically(self.clock.look, clock_watch.LOOK_SECONDS)

    def _start_engine(self, tools: Tools, postman: Postman) -> None:
        def followed() -> None:
            postman.wake()
            self.engine.hand.woken.set()

        self.engine = Engine(
            self.database,
            self.settings,
            tools,
            on_retry=lambda at: self.scheduler.due(at),
            on_follow=followed,
            on_step=lambda workflow_run: self.workflows.touch(workflow_run),
            quotas=self.quotas,
        )
        meter = self.quotas.meter
        letters = Letters(self.database, RequestRules.of(self.settings))
        self.versions = Versions(self.database, tools.secrets, self.settings)
        mover = Mover(
            self.database,
            self.versions,
            letters,
            self.engine.hand,
            self.engine.abort,
            postman.wake,
            Evaluator.of(self.settings, tools.compute),
            meter,
        )
        most_open = self.settings.max_open_runs
        firing = Firing(self.database, self.versions, most_open, meter)
        self.workflows = WorkflowEngine(self.database, mover, firing)
        self.scheduler = Scheduler(self.database, self.engine.hand, most_open, meter)
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
            database = await connect(uri, settings.mongodb_database, alone=settings.embedded)
        except (DatabaseUnavailable, PyMongoError) as error:
            raise StartError(f"Tocsin cannot start: {error}".partition("\n")[0]) from error
        self._stack.push_async_callback(database.close)
        return database

    async def _open_http(self) -> HttpDoor:
        settings = self.settings
        database_port = self.embedded.port if self.embedded else None
        http = HttpDoor(
            allowed_networks=settings.allowed_networks,
            denied_ports=settings.denied_ports,
            connect_timeout=settings.connect_timeout,
            response_limit=settings.response_limit,
            max_redirects=settings.max_redirects,
            concurrency=settings.max_concurrency,
            rates=HostRates(settings.owner_host_rate),
            own=OwnServices.of(settings, {*self._listening, database_port or 0}),
            contact=settings.contact,
        )
        await http.open()
        self._stack.push_async_callback(http.close)
        return http

    def _open_processes(self) -> Processes:
        """Return the compute processes. The first is warmed up after the start, so as not to slow it down."""
        self.processes = processes = Processes.of(self.settings)
        self._stack.push_async_callback(processes.close)
        warming = asyncio.get_running_loop().call_later(WARM_SECONDS, processes.warm)
        self._stack.callback(warming.cancel)
        return processes

    def _shelf(self, keys: Keys) -> Shelf:
        links = FileLinks((keys.encryption, *keys.former), timedelta(hours=self.settings.file_link_hours))
        return Shelf(FileStore(self.database), links, self.settings.page, self.quotas.meter.add_bytes)

    def _retry_decider(self) -> Judge:
        return Judge(RetryDefaults.of(self.settings), timedelta(seconds=self.settings.retry_after_limit))

    def _run_periodically(self, duty: Callable[[], Awaitable[None]], seconds: float) -> None:
        rounds = Rounds(duty, seconds)
        rounds.start()
        self._stack.push_async_callback(rounds.stop)

    def _start_delivery_worker(self, postman: Postman) -> None:
        task = asyncio.create_task(postman.run(), name="postman")
        self._stack.push_async_callback(end_tasks, task)

    def _services(self, keys: Keys, tokens: AccessTokens, secrets: SecretBox, postman: Postman) -> Services:
        accounts = Accounts(self.database, self.settings, tokens, keys.encryption)
        return Services(
            database=self.database,
            settings=self.settings,
            accounts=accounts,
            mailing=Mailing(self.database, self.settings, secrets, accounts.sessions, postman.wake),
            secrets=secrets,
            fanout=self.fanout,
            fingerprint_key=keys.encryption,
            on_due=self.scheduler.due,
            on_queued=self.engine.hand.wake,
            on_cancel=self.engine.abort,
            versions=self.versions,
            on_workflow_due=self.workflows.due,
            on_workflow_run=self.workflows.touch,
            shelf=self.shelf,
            quotas=self.quotas,
            disk=self.disk,
            waiting=self.engine.explain,
            on_queue_change=self.engine.order.woken.set,
            compute=self.processes,
        )

    def _on_change(self, change: Change) -> None:
        """Wake the parts that a change concerns, whether it was written by this process or another."""
        if change.due_at is not None:
            self.scheduler.due(change.due_at)
        if change.queued:
            self.engine.hand.woken.set()
        if change.task_id is not None and change.run_status in SETTLED and is_workflow_run(change.task_id):
            self.workflows.touch(change.task_id)
        if change.workflow_status is WorkflowRunStatus.PENDING and change.workflow_run_id is not None:
            self.workflows.touch(change.workflow_run_id)
        if change.cancel and change.run_id is not None:
            self.engine.abort(change.run_id)


def _describe_waiting(count: int) -> str | None:
    if not count:
        return None
    more = " or more" if count >= MOST_COUNTED else ""
    return f"{count}{more} waiting for a worker, a host, a queue or their owner's share"
