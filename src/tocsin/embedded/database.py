"""The embedded database, which is started first, supervised while it runs, and stopped last."""

import asyncio
import os
import secrets
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import structlog
from pymongo.errors import OperationFailure, PyMongoError

from tocsin.embedded import admin_commands, data_directory, startup_errors
from tocsin.embedded.binary import find_binary
from tocsin.embedded.lock import FileLock, LockHeld, find_lock_holder
from tocsin.embedded.server_process import Durability, ServerProcess, build_command, build_environment
from tocsin.embedded.supervisor import Supervisor
from tocsin.errors import EmbeddedDatabaseError

START_SECONDS = 120.0  # recovery reads the log files first, which takes long for a big database after a crash
ORPHAN_SECONDS = 5.0
FOREIGN_LOCK_SECONDS = 2.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class EmbeddedDatabase:
    """The database server of one data directory, as a child process on the loopback interface.

    With `durability` "process", acknowledged writes survive the death of any process; with "power", also a power loss,
    at a quarter of the speed. With `authenticate`, its only user has a random password, so that other users of the
    machine have no access. Call `start` in the main thread (see `server_process`).
    """

    def __init__(self, directory: Path, *, durability: Durability = "process", authenticate: bool = True) -> None:
        self._paths = data_directory.DataPaths(directory.absolute())
        self._durability: Durability = durability
        self._authenticate = authenticate
        self._binary = Path()
        self._password: str | None = None
        self._port: int | None = None
        self._lock: FileLock | None = None
        self._child: ServerProcess | None = None
        self._supervisor = Supervisor(self._paths.directory, self._relaunch)

    @property
    def uri(self) -> str:
        """The URI for clients, with the password. Does not change while this object runs."""
        if self._port is None:
            raise EmbeddedDatabaseError(f"The embedded database in {self._paths.directory} is not running.")
        return data_directory.make_uri(self._port, self._password if self._authenticate else None)

    @property
    def port(self) -> int | None:
        """The port on the loopback interface. Does not change while this object runs."""
        return self._port

    @property
    def pid(self) -> int | None:
        """The id of the server's process; None while there is none."""
        return self._child.pid if self._child and not self._child.has_ended else None

    @property
    def restarts(self) -> int:
        """The number of restarts after the server died."""
        return self._supervisor.restarts

    @property
    def problem(self) -> str | None:
        """The reason why the server cannot run at present, for the operator."""
        return self._supervisor.problem

    async def start(self) -> None:
        """Start the server and supervise it. Raises EmbeddedDatabaseError with a sentence for the operator."""
        self._binary = await asyncio.to_thread(find_binary)
        await asyncio.to_thread(data_directory.create_directories, self._paths)
        self._lock = await asyncio.to_thread(_take_lock, self._paths)
        try:
            await self._start_server()
        except OSError as error:
            await self.stop()
            raise startup_errors.directory_unusable(self._paths.directory, error) from None
        except BaseException:
            await self.stop()
            raise
        log.info("the embedded database runs", pid=self.pid, port=self._port, durability=self._durability)

    async def stop(self) -> None:
        """Stop the server and wait for its end. Close clients and change streams first. Can be called repeatedly."""
        if await self._supervisor.stop():
            await self._record_files()
        await self._end_child()
        self._port = None
        if self._lock is not None:
            await asyncio.to_thread(self._paths.port_file.unlink, missing_ok=True)
            self._lock.release()
            self._lock = None

    async def _start_server(self) -> None:
        await self._end_orphan()
        await asyncio.to_thread(data_directory.write_private_file, self._paths.config, data_directory.EMPTY_CONFIG)
        self._password = await asyncio.to_thread(data_directory.read_password, self._paths)
        marker = await asyncio.to_thread(data_directory.read_marker, self._paths)
        if self._authenticate and (marker is None or self._password is None):
            await self._set_password()
        await self._launch(authenticate=self._authenticate, port=0)
        await self._check_answers()
        await self._check_instance(marker)
        if self._child is not None:
            self._supervisor.start(self._child)

    async def _set_password(self) -> None:
        """Run the server once without authentication, which is the only way to create its first user.

        Needed at the first start, after an interrupted one (no marker), and when the password file was deleted.
        """
        self._password = self._password or secrets.token_urlsafe(32)
        await asyncio.to_thread(data_directory.write_private_file, self._paths.password, self._password)
        await self._launch(authenticate=False, port=0)
        try:
            await admin_commands.set_password(data_directory.make_uri(self._port or 0, None), self._password)
        except PyMongoError as error:
            raise startup_errors.server_unresponsive(self._paths.directory, str(error)) from None
        await self._end_child()

    async def _relaunch(self) -> ServerProcess:
        return await self._launch(authenticate=self._authenticate, port=self._port or 0)

    async def _launch(self, *, authenticate: bool, port: int) -> ServerProcess:
        """Start the program, and wait until it listens. Raises EmbeddedDatabaseError or OSError."""
        await asyncio.to_thread(data_directory.check_files, self._paths)
        arguments = build_command(
            self._binary, self._paths, port=port, durability=self._durability, authenticate=authenticate
        )
        try:
            self._child = child = await ServerProcess.spawn(arguments, build_environment(self._durability))
        except OSError as error:
            raise startup_errors.program_not_runnable(self._binary, error) from None
        try:
            running = data_directory.RunningServer(child.pid, None, authenticate)
            await asyncio.to_thread(data_directory.write_port_file, self._paths, running)
            self._port = await self._wait_until_listening(child)
            await asyncio.to_thread(data_directory.write_port_file, self._paths, replace(running, port=self._port))
        except BaseException:
            await self._end_child()
            raise
        return child

    async def _wait_until_listening(self, child: ServerProcess) -> int:
        try:
            async with asyncio.timeout(START_SECONDS):
                port = await child.wait_until_listening()
        except TimeoutError:
            raise startup_errors.start_timed_out(self._paths.directory, START_SECONDS, child.last_lines) from None
        if port is None:
            raise startup_errors.server_exited(self._paths.directory, child.last_lines)
        return port

    async def _end_child(self) -> None:
        if self._child is not None:
            await self._child.stop()
            self._child = None

    async def _end_orphan(self) -> None:
        """End the server that a killed Tocsin left behind. Raises EmbeddedDatabaseError if it does not end."""
        running = await asyncio.to_thread(data_directory.read_port_file, self._paths)
        pid = await asyncio.to_thread(find_lock_holder, self._paths.storage_lock)
        if pid is None:
            return
        if running is None or running.pid != pid:
            if not await self._wait_until_unlocked(FOREIGN_LOCK_SECONDS):
                raise startup_errors.directory_in_use(self._paths.directory, pid)
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            if await self._wait_until_unlocked(ORPHAN_SECONDS):
                log.info("the database of an earlier start has ended", pid=pid)
                return
        raise startup_errors.directory_in_use(self._paths.directory, pid, running.port)

    async def _wait_until_unlocked(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while await asyncio.to_thread(find_lock_holder, self._paths.storage_lock) is not None:
                    await asyncio.sleep(0.05)
                return True
        return False

    async def _check_answers(self) -> None:
        """End the sessions of dead clients, and restart the server once if it hangs."""
        fault = await self._end_sessions()
        if fault is not None:
            log.warning("the embedded database does not answer and is restarted", fault=fault)
            await self._end_child()
            await self._launch(authenticate=self._authenticate, port=0)
            fault = await self._end_sessions()
        if fault is not None:
            raise startup_errors.server_unresponsive(self._paths.directory, fault)

    async def _end_sessions(self) -> str | None:
        """End all sessions, and return the error, if any, that the server responds with."""
        try:
            async with asyncio.timeout(admin_commands.TIMEOUT_SECONDS):
                await admin_commands.end_sessions(self.uri)
        except OperationFailure as error:
            if error.code == admin_commands.AUTHENTICATION_FAILED:
                raise startup_errors.password_mismatch(self._paths.directory, self._paths.password) from None
            return str(error)
        except (TimeoutError, PyMongoError) as error:
            return str(error) or f"no answer within {admin_commands.TIMEOUT_SECONDS:g} s"
        return None

    async def _check_instance(self, marker: data_directory.InstanceMarker | None) -> None:
        """Compare the marker with the database, so that lost data is never mistaken for a new database."""
        try:
            instance = await admin_commands.fetch_instance_id(self.uri, create=marker is None)
        except PyMongoError as error:
            raise startup_errors.database_damaged(self._paths.directory, str(error)) from None
        if instance is None or (marker is not None and instance != marker.instance):
            raise startup_errors.database_mismatch(self._paths.directory)
        await asyncio.to_thread(_write_marker, self._paths, instance)

    async def _record_files(self) -> None:
        """Record the data files created since the start. A failure only makes the next check less strict."""
        try:
            marker = await asyncio.to_thread(data_directory.read_marker, self._paths)
            if marker is not None:
                await asyncio.to_thread(_write_marker, self._paths, marker.instance)
        except (EmbeddedDatabaseError, OSError) as error:
            log.warning("the marker of the embedded database could not be written", error=str(error))


def _take_lock(paths: data_directory.DataPaths) -> FileLock:
    try:
        return FileLock(paths.lock)
    except LockHeld as held:
        running = data_directory.read_port_file(paths)
        raise startup_errors.directory_in_use(paths.directory, held.pid, running.port if running else None) from None
    except OSError as error:
        raise startup_errors.directory_unusable(paths.directory, error) from None


def _write_marker(paths: data_directory.DataPaths, instance: str) -> None:
    known = data_directory.read_marker(paths)
    names = {*data_directory.list_data_files(paths), *(known.files if known else ())}
    data_directory.write_marker(paths, data_directory.InstanceMarker(instance, tuple(sorted(names))))
