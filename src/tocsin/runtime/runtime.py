"""A serving process: database, keys, working parts and the services of the API, started before the first request."""

import asyncio
import contextlib
from collections.abc import Collection
from datetime import timedelta

from pymongo.errors import PyMongoError

from tocsin import clock, telemetry
from tocsin.accounts import Accounts, LinkFlows
from tocsin.config import Settings
from tocsin.documents import Database, connect
from tocsin.embedded import EmbeddedDatabase
from tocsin.errors import DatabaseUnavailable, StartupError
from tocsin.graphql.context import Services
from tocsin.graphql.system.state import ProcessState
from tocsin.jobs import registry
from tocsin.keys import keyring as keyrings
from tocsin.keys import rotation
from tocsin.keys.installation import open_installation_keys
from tocsin.keys.keyring import Keyring
from tocsin.maintenance import clock_watch
from tocsin.maintenance.clock_watch import ClockWatch
from tocsin.outbound.apprise_sender import is_apprise_installed
from tocsin.outbound.canaries import check_canary_urls
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.own_services import OwnServices
from tocsin.periodic import Periodic
from tocsin.quotas.disk_monitor import DISK_CHECK_SECONDS, DiskMonitor
from tocsin.runtime.health import ComponentHealth, HealthCheck, refresh_metrics
from tocsin.runtime.process import Process
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import SecretBox

WARM_UP_DELAY_SECONDS = 3.0
"""After the start, a process for computing is made ready, which would slow the start down."""
log = telemetry.get_logger(__name__)


class Runtime:
    """Starts and stops a serving process. `process` and `services` exist once it has started.

    The methods stand in the order in which they are called.
    """

    database: Database
    process: Process
    services: Services

    def __init__(self, settings: Settings, listening: Collection[int] = ()) -> None:
        """`listening` are ports of this process that no task may call."""
        self.settings = settings
        self._listening = listening
        self._embedded: EmbeddedDatabase | None = None
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        """Start all parts. On failure stop those that had started. Raises StartupError with one sentence."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        settings = self.settings
        self._started_at = clock.now()
        registry.load_jobs()
        self.database = await self._open_database()
        keys = await open_installation_keys(self.database, settings)
        secrets = SecretBox(keys.encryption, keys.former)
        tokens = AccessTokens(keys.jwt_secret, timedelta(minutes=settings.access_token_minutes))
        if not settings.requires_confirmed_addresses:
            log.warning("no mail server is set: mails are written to files, and addresses need no confirmation")
        if settings.apprise and not is_apprise_installed():
            log.warning("TOCSIN_APPRISE is set, but Apprise is not installed: pip install 'tocsin[apprise]'")
        link_keys = (keys.encryption, *keys.former)
        own = self._own_services()
        check_canary_urls(settings, ConnectionRules(settings.allowed_networks, settings.denied_ports, own))
        self.process = Process(self.database, settings, secrets, link_keys, own)
        worker_id = self.process.engine.in_flight.worker_id
        await self._start_duties(Keyring(self.database, keys, tokens, secrets, worker_id))
        self._health = HealthCheck(self.database, self._component_health, self._database_problem)
        self._stack.push_async_callback(self.process.stop)
        await self.process.start()
        timer = asyncio.get_running_loop().call_later(WARM_UP_DELAY_SECONDS, self.process.compute.start_fork_server)
        self._stack.callback(timer.cancel)
        self.services = self._make_services(keys, tokens)
        self._stack.push_async_callback(self.services.abandoned_mutations.wait)

    async def _open_database(self) -> Database:
        settings = self.settings
        if settings.mongodb_uri is not None:
            uri = settings.mongodb_uri.get_secret_value()
        else:
            self._embedded = server = EmbeddedDatabase(settings.data_dir, durability=settings.embedded_durability)
            await server.start()
            self._stack.push_async_callback(server.stop)
            uri = server.uri
        try:
            database = await connect(uri, settings.mongodb_database, alone=settings.uses_embedded_database)
        except (DatabaseUnavailable, PyMongoError) as error:
            raise StartupError(f"Tocsin cannot start: {error}".partition("\n")[0]) from error
        self._stack.push_async_callback(database.close)
        return database

    def _own_services(self) -> OwnServices:
        database_port = self._embedded.port if self._embedded else None
        return OwnServices.from_settings(self.settings, {*self._listening, database_port or 0})

    async def _start_duties(self, keyring: Keyring) -> None:
        """Load what must be known before work begins, and keep it up to date."""
        self._clock_watch = ClockWatch(self.database, timedelta(days=self.settings.refresh_token_days))
        self._disk_monitor = DiskMonitor(self.database, self.settings)
        await keyring.start()
        await self._clock_watch.start()
        await self._disk_monitor.refresh()
        for periodic in (
            Periodic("keyring", keyring.load, keyrings.POLL_SECONDS),
            Periodic("retired-keys", lambda: rotation.delete_retired_keys(keyring), rotation.SWEEP_SECONDS),
            Periodic("clock-watch", self._clock_watch.check, clock_watch.CHECK_INTERVAL_SECONDS),
            Periodic("disk-monitor", self._disk_monitor.refresh, DISK_CHECK_SECONDS),
        ):
            periodic.start()
            self._stack.push_async_callback(periodic.stop)

    def _make_services(self, keys: InstallationKeys, tokens: AccessTokens) -> Services:
        process, settings = self.process, self.settings
        accounts = Accounts(self.database, settings, tokens, keys.encryption)
        return Services(
            database=self.database,
            settings=settings,
            accounts=accounts,
            mailing=LinkFlows(self.database, settings, process.secrets, accounts.sessions),
            secrets=process.secrets,
            fanout=process.fanout,
            fingerprint_key=keys.encryption,
            wakeups=process.wakeups,
            versions=process.versions,
            files=process.file_storage,
            unsubscribe_links=process.unsubscribe_links,
            quotas=process.quotas,
            disk=self._disk_monitor,
            http=process.http,
            callbacks=process.callbacks,
            public_links=process.public_links,
            statistics=process.statistics,
            find_wait_reason=process.engine.find_wait_reason,
            compute=process.compute,
            process=ProcessState(process.engine.in_flight.worker_id, self._started_at, self.check_health),
        )

    async def check_health(self) -> dict[str, ComponentHealth]:
        """Return the state of each part, at most half a second old."""
        return await self._health.check()

    def _component_health(self) -> dict[str, ComponentHealth]:
        warnings = {
            "clock": self._clock_watch.warning,
            "disk": self._disk_monitor.warning,
            "network": self.process.network_watch.warning,
        }
        warned = {name: ComponentHealth(True, warning) for name, warning in warnings.items() if warning is not None}
        if not self.process.engine.is_healthy:
            warned["workers"] = ComponentHealth(False, "a part of the workers has failed; see the log")
        return {"scheduler": ComponentHealth(self.process.scheduler.is_healthy)} | warned

    def _database_problem(self) -> str | None:
        return self._embedded.problem if self._embedded else None

    async def refresh_metrics(self) -> None:
        """Set the metrics that are read from the database."""
        await refresh_metrics(self.database)

    def drain(self) -> None:
        """Take no new work from now on."""
        self.process.engine.in_flight.is_draining = True
        self.services.long_polls.release()

    async def stop(self) -> None:
        """Stop all parts, the database last."""
        await self._stack.aclose()
