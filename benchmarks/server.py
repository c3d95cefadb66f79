"""A complete `tocsin serve` in its own process, over a new data directory."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from tocsin.config import PREFIX
from tocsin.embedded import find_running_uri
from tocsin.embedded.data_directory import DataPaths, read_port_file

_SETTINGS = {
    "PORT": "0",
    "LOG_FORMAT": "json",
    "LOG_LEVEL": "INFO",
    "ALLOWED_NETWORKS": "127.0.0.0/8",
    "MAX_RETRIES": "0",
    "OWNER_HOST_RATE": "0",
}


@dataclass(frozen=True, slots=True)
class Server:
    """The address, the database and the process of a running server."""

    host: str
    port: int
    database_uri: str
    pid: int
    database_pid: int


@contextlib.contextmanager
def serving(changes: Mapping[str, str] = MappingProxyType({})) -> Iterator[Server]:
    """Start a server and stop it afterwards. Settings of the environment are ignored; `changes` are settings."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as directory:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        environment |= {f"{PREFIX}{name}": value for name, value in {**_SETTINGS, **changes}.items()}
        environment[f"{PREFIX}DATA_DIR"] = str(Path(directory, "data"))
        log = Path(directory, "log")
        with log.open("w") as out:
            command = [sys.executable, "-m", "tocsin", "serve"]
            process = subprocess.Popen(command, env=environment, cwd=directory, stderr=out, stdout=out)
        try:
            url = urlsplit(_url(process, log))
            uri = find_running_uri(Path(directory, "data"))
            database = read_port_file(DataPaths(Path(directory, "data")))
            if uri is None or database is None or url.hostname is None or url.port is None:
                raise RuntimeError("the server runs without its database")
            yield Server(url.hostname, url.port, uri, process.pid, database.pid)
        finally:
            process.terminate()
            process.wait(20)


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """Wait for the log line with the URL, and return it."""
    while process.poll() is None:
        for line in log.read_text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                entry = json.loads(line)
                if entry.get("event") == "tocsin serves":
                    return str(entry["graphql"])
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise RuntimeError(f"the server ended at once: {log.read_text()[-2000:]}")
