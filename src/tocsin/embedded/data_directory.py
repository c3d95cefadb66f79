"""The files in the data directory.

    database/                   the database's own files
    database.password           the password of its user, generated at the first start
    database.instance.json      the marker: the id and the files of the database that belongs here
    database.running.json       the port file: port and process of the running server
    database.lock               locked by the Tocsin process that uses the directory

All but the data directory itself are created readable for their owner only.
"""

import json
import os
import socket
import struct
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from tocsin.embedded import startup_errors
from tocsin.embedded.lock import find_lock_holder

USER = "tocsin"
HOST = "127.0.0.1"
ESSENTIAL_FILES = ("WiredTiger", "WiredTiger.turtle", "WiredTiger.wt")
BLOCK_MAGIC = struct.pack("<I", 120897)  # WiredTiger's WT_BLOCK_MAGIC, with which each data file begins
EMPTY_CONFIG = "# Empty on purpose and rewritten at each start, so that the server reads no other configuration.\n"


@dataclass(frozen=True)
class DataPaths:
    """The paths of all files. `directory` is the data directory (absolute)."""

    directory: Path

    @property
    def storage(self) -> Path:
        return self.directory / "database"

    @property
    def storage_lock(self) -> Path:
        """The file that the server itself locks."""
        return self.storage / "WiredTiger.lock"

    @property
    def config(self) -> Path:
        return self.storage / "secantusd.toml"

    @property
    def password(self) -> Path:
        return self.directory / "database.password"

    @property
    def marker(self) -> Path:
        return self.directory / "database.instance.json"

    @property
    def port_file(self) -> Path:
        return self.directory / "database.running.json"

    @property
    def lock(self) -> Path:
        return self.directory / "database.lock"


@dataclass(frozen=True)
class RunningServer:
    """The running server. `port` is None until it listens."""

    pid: int
    port: int | None
    authenticate: bool


@dataclass(frozen=True)
class InstanceMarker:
    """The id of the database that belongs into the directory, and its known data files."""

    instance: str
    files: tuple[str, ...]


def create_directories(paths: DataPaths) -> None:
    """Create the data directory (0700 if new) and the database's own (always 0700). Raises EmbeddedDatabaseError."""
    try:
        paths.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        paths.storage.mkdir(mode=0o700, exist_ok=True)
        paths.storage.chmod(0o700)
    except OSError as error:
        raise startup_errors.directory_unusable(paths.directory, error) from None


def check_files(paths: DataPaths) -> None:
    """Check that no database file is missing or damaged. Raises EmbeddedDatabaseError.

    The server itself would create an empty database if its table of contents were missing, and notice a missing or
    foreign data file only at the first read.
    """
    present = {path.name for path in paths.storage.iterdir()}
    marker = read_marker(paths)
    expected = {*ESSENTIAL_FILES, *marker.files} if marker else set()
    if any(name.startswith("secantus_") for name in present):
        expected.update(ESSENTIAL_FILES)
    gone = sorted(expected - present)
    if expected and not any(name.startswith("WiredTigerLog.") for name in present):
        gone.append("its log (WiredTigerLog)")
    if gone:
        raise startup_errors.files_missing(paths.directory, gone)
    for name in marker.files if marker else ():
        _check_magic(paths, name)


def _check_magic(paths: DataPaths, name: str) -> None:
    with (paths.storage / name).open("rb") as file:
        if file.read(len(BLOCK_MAGIC)) != BLOCK_MAGIC:
            raise startup_errors.database_damaged(paths.directory, f"{name} is not a database file")


def list_data_files(paths: DataPaths) -> tuple[str, ...]:
    """List the present data files."""
    return tuple(sorted(path.name for path in paths.storage.glob("*.wt")))


def read_password(paths: DataPaths) -> str | None:
    """Read the password of the database's user; None if there is none yet."""
    try:
        return paths.password.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None


def read_marker(paths: DataPaths) -> InstanceMarker | None:
    """Read the marker; None before the first start. Raises EmbeddedDatabaseError if it is unreadable."""
    fields = _read_object(paths.marker)
    if fields is None and not paths.marker.exists():
        return None
    try:
        return InstanceMarker(str((fields or {})["instance"]), tuple(map(str, (fields or {})["files"])))
    except (KeyError, TypeError):
        raise startup_errors.database_damaged(paths.directory, f"{paths.marker.name} is unreadable") from None


def write_marker(paths: DataPaths, marker: InstanceMarker) -> None:
    """Write the marker. Raises OSError."""
    write_private_file(paths.marker, json.dumps(asdict(marker)))


def read_port_file(paths: DataPaths) -> RunningServer | None:
    """Read the port file; None if there is none."""
    fields = _read_object(paths.port_file) or {}
    try:
        port = fields["port"]
        return RunningServer(int(fields["pid"]), None if port is None else int(port), bool(fields["authenticate"]))
    except (KeyError, TypeError, ValueError):
        return None


def write_port_file(paths: DataPaths, running: RunningServer) -> None:
    """Write the port file. Raises OSError."""
    write_private_file(paths.port_file, json.dumps(asdict(running)))


def write_private_file(path: Path, text: str) -> None:
    """Replace a file atomically, readable for its owner only and flushed to the disk. Raises OSError."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def make_uri(port: int, password: str | None) -> str:
    """Return the URI for clients, without credentials if the server does not ask for them.

    The driver must not retry writes: the server forgets at a restart which ones it has executed, and searches its
    record of them (30 minutes, 10,000 at most) at each write, which makes single writes up to five times slower.
    """
    login = f"{USER}:{quote_plus(password)}@" if password else ""
    return f"mongodb://{login}{HOST}:{port}/?retryWrites=false" + ("&authSource=admin" if password else "")


def has_database(directory: Path) -> bool:
    """Tell whether a database was ever created in this data directory."""
    paths = DataPaths(directory.absolute())
    return paths.storage.exists() or paths.marker.exists()


def find_running_uri(directory: Path) -> str | None:
    """Return the URI of the server that another process runs over this data directory, or None.

    Used by commands while Tocsin runs. Waits up to half a second.
    """
    paths = DataPaths(directory.absolute())
    running = read_port_file(paths)
    if running is None or running.port is None or not _is_up(paths, running.pid, running.port):
        return None
    if not running.authenticate:
        return make_uri(running.port, None)
    password = read_password(paths)
    return make_uri(running.port, password) if password else None


def _is_up(paths: DataPaths, pid: int, port: int) -> bool:
    """Tell whether that process has the database and listens. A port file may have outlived its server."""
    if os.name == "posix" and find_lock_holder(paths.storage_lock) not in (pid, 0):
        return False
    with suppress(OSError), socket.create_connection((HOST, port), timeout=0.5):
        return True
    return False


def _read_object(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
