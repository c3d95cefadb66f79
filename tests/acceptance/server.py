"""A Tocsin server as users run it: a process started by its command and reached over HTTP."""

import asyncio
import os
import random
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.forked_process import ForkedProcess
from tests.harness import wait_until

_PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Given to clients of plain HTTP, which would each make one."""
METRICS_TOKEN = "the-token-of-the-tests"
_SIGN_UP = "mutation($i: SignUpInput!) { signUp(input: $i) { session { accessToken } userErrors { message } } }"


class UnavailableError(Exception):
    """The server responded that its database is unavailable."""


class RateLimitedError(Exception):
    """The server responded that the caller is to try again a little later."""


def free_port() -> int:
    """Return a free loopback port outside of the range from which the system assigns ephemeral ports."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Server:
    """A server with its own data directory and port, which can be killed and restarted."""

    patience = 30.0
    """The seconds that a start and an end may take."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.log = directory / "server.log"
        self.process: asyncio.subprocess.Process | ForkedProcess | None = None
        self.token: str | None = None
        changes_python = any(name.startswith("PYTHON") for name in settings)
        self.program = ["-m", "tocsin", "serve"] if changes_python else None
        """Arguments of Python for a process that is not forked."""
        self._settings = settings

    @property
    def url(self) -> str:
        """URL of the API."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def environment(self) -> dict[str, str]:
        """Environment of the server process and of commands that use the same data."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
        ours = {
            "TOCSIN_PORT": str(self.port),
            "TOCSIN_DATA_DIR": str(self.directory / "data"),
            "TOCSIN_ALLOWED_NETWORKS": "127.0.0.0/8",
            "TOCSIN_ALLOW_SELF_CALLS": "true",
            "TOCSIN_METRICS_TOKEN": METRICS_TOKEN,
            "TOCSIN_OWNER_HOST_RATE": "0",
            "TOCSIN_RETRY_OFFSETS": "PT1S",
            "TOCSIN_INCIDENT_GROUP_SECONDS": "1",
            **{f"TOCSIN_QUOTA_{quota}": "0" for quota in ("TASKS", "RUNS_PER_MINUTE", "RUNS_PER_DAY")},
        }
        return {**inherited, **ours, **self._settings}

    async def start(self) -> None:
        """Start the process and wait until it is ready."""
        await self.launch()
        await wait_until(self.ready, self.patience)

    async def refused(self) -> list[str]:
        """Start a process that is expected to fail, and return the lines that it prints."""
        await self.launch()
        assert self.process is not None
        async with asyncio.timeout(30):
            assert await self.process.wait() == 1
        return self.log.read_text().splitlines()

    async def launch(self) -> None:
        """Start the process."""
        if self.program is None:
            self.process = await ForkedProcess.start(self.directory, self.environment, self.log)
            return
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self.program, cwd=self.directory, env=self.environment, stdout=log, stderr=log
            )

    async def ready(self) -> bool:
        """Tell whether all parts are ready. Fails if the process has ended."""
        if self.process is None or self.process.returncode is not None:
            raise AssertionError(f"the server ended: {self.log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()  # costs less than a client of HTTP
            async with httpx.AsyncClient(verify=_PLAIN) as client:
                return (await client.get(self.url.replace("graphql", "ready"))).status_code == 200
        except (OSError, httpx.TransportError):
            return False

    async def kill(self) -> None:
        """Send SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(self.patience):
            return await self.process.wait()

    def database_pid(self) -> int:
        """Return the process id of the embedded database."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()  # type: ignore[union-attr]
        return int(children.split()[0])

    async def run_command(self, *arguments: str, given: str = "") -> str:
        """Run a `tocsin` command with this server's environment and return its output. Fails if the command fails."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tocsin", *arguments, cwd=self.directory, env=self.environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, error = await process.communicate(given.encode())
        assert process.returncode == 0, error.decode()
        return out.decode()

    async def sign_up(self, email: str = "alice@example.com") -> None:
        """Create an account and use it from now on."""
        answer = await self.query(_SIGN_UP, {"i": {"email": email, "password": "correct horse battery"}})
        self.token = answer["signUp"]["session"]["accessToken"]

    async def query(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run a GraphQL operation and return its data. Fails on errors."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with httpx.AsyncClient(timeout=10, verify=_PLAIN) as client:
            answer = await client.post(self.url, json={"query": query, "variables": variables or {}}, headers=headers)
        body = answer.json()
        codes = {error["extensions"]["code"]: error["message"] for error in body.get("errors", [])}
        for code, error in (("UNAVAILABLE", UnavailableError), ("RATE_LIMITED", RateLimitedError)):
            if code in codes:
                raise error(codes[code])
        assert "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data


@asynccontextmanager
async def run_server(directory: Path, **settings: str) -> AsyncIterator[Server]:
    """Start a server and yield it."""
    server = Server(directory, **settings)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
