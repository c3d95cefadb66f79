"""The parts of a process that do its work: runs, schedules, workflows, changes and mails."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from pymongo.errors import PyMongoError

from tocsin import telemetry
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.compute.pool import ProcessPool
from tocsin.config import Settings
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import Database
from tocsin.documents.file_bucket import FileBucket
from tocsin.events import Fanout
from tocsin.events.change_signals import signal_change
from tocsin.execution import RunEngine
from tocsin.execution.callback_deadlines import CallbackDeadlines
from tocsin.execution.callbacks import CallbackReceiver, CallbackSettler
from tocsin.execution.dependencies import WorkerDependencies
from tocsin.jobs.file_storage import FileStorage
from tocsin.jobs.reports.run_history import RunHistory
from tocsin.maintenance import replayer, statistics_keeper
from tocsin.maintenance.network_watch import IDLE_SECONDS, NetworkWatch
from tocsin.maintenance.pruner import PRUNE_INTERVAL_SECONDS, Pruner
from tocsin.maintenance.replayer import Replayer
from tocsin.maintenance.statistics_keeper import StatisticsKeeper
from tocsin.maintenance.usage_keeper import FLUSH_INTERVAL_SECONDS, UsageKeeper
from tocsin.named_secrets.store import NamedSecrets
from tocsin.notifications.channels.base import ChannelContext
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.incidents.alerts import withdraw_alerts
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.notifications.incidents.telling import TellingRules
from tocsin.notifications.preferences.store import find_reminder_interval
from tocsin.outbound.canaries import Canaries
from tocsin.outbound.host_rates import HostRates
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import MailTransport, make_mail_transport
from tocsin.outbound.own_services import OwnServices
from tocsin.outbound.owner_mail import OwnerMailTransport
from tocsin.outbound.reachability import Reachability
from tocsin.outbound.resolvers import LOOKUP_THREADS, JoiningResolver, SystemResolver
from tocsin.periodic import Periodic
from tocsin.quotas import Quotas
from tocsin.scheduling import Scheduler
from tocsin.security.callback_tokens import CallbackTokens
from tocsin.security.file_links import FileLinks
from tocsin.security.public_link_tokens import PublicLinkTokens
from tocsin.security.secret_box import SecretBox
from tocsin.security.unsubscribe_links import UnsubscribeLinks
from tocsin.statistics.service import Statistics
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.wakeups import Wakeups
from tocsin.workflows.approval_mails import ApprovalMails
from tocsin.workflows.engine.engine import WorkflowEngine
from tocsin.workflows.engine.evaluator import Evaluator
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.versions import VersionCache

FLUSH_SECONDS = 5.0
"""Maximum seconds for storing the usage counts at a stop."""
log = telemetry.get_logger(__name__)


class Process:
    """Builds the working parts over a database, and starts and stops them. Built inside the running loop.

    The constructor opens nothing. `secrets` opens stored secrets, `link_keys` sign callback URLs, links to files and in
    mails, the first one new ones; `own_services` are what no task may call. The methods stand in the order of their
    calls.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        secrets: SecretBox,
        link_keys: Sequence[bytes],
        own_services: OwnServices | None = None,
    ) -> None:
        self.database, self.settings, self.secrets = database, settings, secrets
        self.wakeups = Wakeups()
        self.quotas = Quotas(database, settings)
        self.statistics = Statistics(database)
        self.compute = ProcessPool.from_settings(settings)
        self.file_storage = self._make_file_storage(link_keys)
        self.callback_tokens = CallbackTokens(link_keys)
        self.public_links = PublicLinkTokens(link_keys)
        self.unsubscribe_links = UnsubscribeLinks(tuple(link_keys))
        self.http = self._make_http_client(own_services)
        self._canary_http = self._make_http_client(own_services, JoiningResolver(SystemResolver(LOOKUP_THREADS)))
        self.reachability = Reachability(is_watched=bool(settings.canary_urls))
        self._mail = make_mail_transport(settings)
        self.engine = RunEngine(database, settings, self._make_worker_dependencies(), self.wakeups)
        meter, max_open_runs = self.quotas.meter, settings.max_open_runs
        alone = None if database.changes.is_shared else self.engine.in_flight.worker_id
        self.scheduler = Scheduler(
            database, self.engine.transport, max_open_runs, meter, self.engine.membership, deferring_worker=alone
        )
        self.versions = VersionCache(database, secrets, settings)
        workflow_scheduler = WorkflowScheduler(database, self.versions, max_open_runs, meter)
        self.workflows = WorkflowEngine(database, self.make_runner(), workflow_scheduler)
        settler, opener = self._make_callback_settler(), self.engine.dependencies.open_secrets
        self.callbacks = CallbackReceiver(database, settler, self.callback_tokens, secrets, opener)
        self._callback_deadlines = CallbackDeadlines(database, settler, self.engine.membership.serves)
        self.delivery_worker = DeliveryWorker(self._make_channel_context())
        self._replaying = self._make_replaying()
        self.network_watch = NetworkWatch(
            database,
            Canaries(self._canary_http, settings.canary_urls),
            self.reachability,
            self.engine.in_flight.worker_id,
            self.wakeups,
            on_marked=partial(withdraw_alerts, database),
        )
        self.reachability.ask = self.network_watch.ask_canaries
        rules = TellingRules(self.network_watch.is_held, partial(find_reminder_interval, database))
        self.incident_keeper = IncidentKeeper(database, timedelta(seconds=settings.incident_group_seconds), rules)
        self._watching = Periodic("network-watch", self.network_watch.watch_network, IDLE_SECONDS, first_delay=0)
        pruner, kept = self._make_pruner(), timedelta(days=settings.retention_days)
        self._usage_keeper = UsageKeeper(database, self.quotas, pruner, kept)
        self._statistics_keeper = StatisticsKeeper(database, self.statistics, kept)
        self._upkeep = self._make_upkeep(pruner)
        self.fanout = Fanout(database, partial(signal_change, self.wakeups))
        self._connect_wakeups()
        self._stack = contextlib.AsyncExitStack()

    def _make_file_storage(self, link_keys: Sequence[bytes]) -> FileStorage:
        links = FileLinks(tuple(link_keys), timedelta(hours=self.settings.file_link_hours))
        return FileStorage(FileBucket(self.database), links, self.settings.page_url, self.quotas.meter.add_bytes)

    def _make_http_client(
        self, own_services: OwnServices | None, resolver: JoiningResolver | None = None
    ) -> HttpClient:
        """Return a client with look-ups of its own: names whose servers are silent block the threads of these."""
        settings = self.settings
        return HttpClient(
            allowed_networks=settings.allowed_networks,
            denied_ports=settings.denied_ports,
            connect_timeout=settings.connect_timeout,
            response_limit=settings.response_limit,
            max_redirects=settings.max_redirects,
            max_idle=settings.max_concurrency,
            rates=HostRates(settings.owner_host_rate),
            own=own_services,
            contact=settings.contact,
            resolver=resolver,
            apprise=settings.apprise,
        )

    def _make_worker_dependencies(self) -> WorkerDependencies:
        settings = self.settings
        return WorkerDependencies(
            self.http,
            self.secrets,
            RetryDecider(RetryDefaults.from_settings(settings), timedelta(seconds=settings.retry_after_limit)),
            settings.default_timeout,
            self._make_owner_mail,
            self.file_storage,
            RunHistory(self.database),
            self.quotas.meter,
            self.callback_tokens,
            settings.page_url,
            settings.email_recipients,
            self.compute,
            reachability=self.reachability,
            statistics=self.statistics.meter,
            open_secrets=NamedSecrets(self.database, self.secrets).open,
        )

    def _make_owner_mail(self, owner: str) -> MailTransport:
        """Return the transport of the mails that an owner's jobs send. Called for each of these mails."""
        limits, confirms = RecipientLimits.from_settings(self.settings), self.settings.requires_confirmed_addresses
        return OwnerMailTransport(self._mail, self.database, limits, owner, confirms=confirms)

    def _make_callback_settler(self) -> CallbackSettler:
        engine = self.engine
        decider = engine.dependencies.retry_decider
        return CallbackSettler(self.database, decider, self.wakeups, self.quotas.meter, engine.step_run_stored)

    def make_runner(self) -> WorkflowRunner:
        """Return a runner of workflow runs over the parts of this process."""
        return WorkflowRunner(
            self.database,
            self.versions,
            ApprovalMails(self.database, ApprovalRequestRules.from_settings(self.settings)),
            self.engine.transport,
            self.wakeups,
            Evaluator.from_settings(self.settings, self.compute),
            self.quotas.meter,
        )

    def _make_channel_context(self) -> ChannelContext:
        return ChannelContext(
            self.database,
            self._mail,
            self.http,
            self.secrets,
            self.unsubscribe_links,
            page=self.settings.page_url,
            limits=RecipientLimits.from_settings(self.settings),
            confirms=self.settings.requires_confirmed_addresses,
            meter=self.quotas.meter,
        )

    def _make_replaying(self) -> Periodic:
        advance = Replayer(self.database, self.wakeups, meter=self.quotas.meter).advance_replays
        return Periodic("replayer", advance, replayer.POLL_SECONDS, first_delay=0)

    def _make_pruner(self) -> Pruner:
        settings = self.settings
        runs, tasks = timedelta(days=settings.retention_days), timedelta(days=settings.task_retention_days)
        return Pruner(self.database, runs, tasks, timedelta(days=settings.audit_retention_days), self.quotas.meter)

    def _make_upkeep(self, pruner: Pruner) -> list[Periodic]:
        """Return the duties that keep the stored data in order, which a stop ends last."""
        usage, statistics = self._usage_keeper, self._statistics_keeper
        return [
            Periodic("pruner", pruner.prune_expired, PRUNE_INTERVAL_SECONDS, first_delay=0),
            Periodic("usage", usage.flush_usage, FLUSH_INTERVAL_SECONDS),
            Periodic("measuring", usage.measure_one_owner, FLUSH_INTERVAL_SECONDS),
            Periodic("statistics", statistics.store, statistics_keeper.FLUSH_SECONDS),
            Periodic("statistics-sweep", statistics.sweep, statistics_keeper.SWEEP_SECONDS, first_delay=5),
        ]

    def _connect_wakeups(self) -> None:
        wakeups = self.wakeups
        wakeups.task_due.connect(self.scheduler.expect_due)
        self.engine.membership.changed.connect(self.scheduler.look_again)
        wakeups.callback_expected.connect(self._callback_deadlines.expect_deadline)
        self.engine.membership.changed.connect(self._callback_deadlines.look_again)
        wakeups.cancel_requested.connect(self.engine.abort_run)
        wakeups.workflow_due.connect(self.workflows.expect_due)
        wakeups.workflow_run_created.connect(self.workflows.request_start)
        wakeups.replay_started.connect(self._replaying.trigger)
        wakeups.workflow_run_changed.connect(self.workflows.request_advance)
        wakeups.step_run_ended.connect(self.workflows.hint_step_run)
        self.engine.step_run_stored.connect(self.workflows.report_step_run)
        self.reachability.suspected.connect(self._watch_network)
        self.network_watch.outage_noticed.connect(self._watching.trigger)

    def _watch_network(self) -> None:
        """Ask the canaries about a failure, unless they were asked within the last seconds."""
        if self.network_watch.can_look():
            self._watching.trigger()

    async def start(self, *, schedule: bool = True, deliver: bool = True) -> None:
        """Start to work; what a crash left is taken up first.

        Without `schedule`, nothing runs by time and no workflow advances; without `deliver`, queued mails wait.
        """
        self._stack.push_async_callback(self.compute.close)
        for http in (self.http, self._canary_http):
            await http.open()
            self._stack.push_async_callback(http.close)
        await self._usage_keeper.load_limits()
        self._stack.enter_context(self.database.changes.recorded.connected(self.statistics.meter.note_changes))
        for periodic in self._upkeep:
            self._stack.push_async_callback(periodic.stop)
        self.fanout.start()  # before all that changes anything, so that it stops after that
        self._stack.push_async_callback(self.fanout.stop)
        await self.engine.start()
        self._stack.push_async_callback(self._stop_engine)
        for periodic in (self._replaying, self._watching):
            periodic.start()
            self._stack.push_async_callback(periodic.stop)
        for periodic in self._upkeep:
            periodic.start()
        if schedule:
            self.scheduler.start()
            self._stack.push_async_callback(self.scheduler.stop)
            self.workflows.start()
            self._stack.push_async_callback(self.workflows.stop)
            self._callback_deadlines.start()
            self._stack.push_async_callback(self._callback_deadlines.stop)
            self.incident_keeper.start()
            self._stack.push_async_callback(self.incident_keeper.stop)
        if deliver:
            await self.delivery_worker.start()
            self._stack.push_async_callback(self.delivery_worker.stop)

    async def _stop_engine(self) -> None:
        """Stop the engine, then store what its last outcomes used."""
        if await self.engine.stop():
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._usage_keeper.flush_usage()
                    await self.statistics.flush()
            except (TimeoutError, PyMongoError) as error:
                log.warning("the last counts of usage and statistics were not stored", error=str(error)[:300])

    async def stop(self) -> None:
        """Leave the work to other processes, and stop what was started, in the reverse order."""
        with contextlib.suppress(PyMongoError):
            await self.engine.membership.leave()
        await self._stack.aclose()
