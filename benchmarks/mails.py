"""Mails (p): how many a storm of failures makes, and how soon they arrive when the mail server is back."""

import argparse
import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope, Session

from benchmarks.server import Server, serving
from benchmarks.table import Row, text
from tocsin import clock
from tocsin.documents import connect

STORM_TASKS = 1_000
WAITING_MAILS = 20
OUTAGE_SECONDS = 60.0
_PATIENCE_SECONDS = 240.0
_SIGN_UP = (
    'mutation { signUp(input: {email: "bench@example.com", password: "correct horse battery"}) '
    "{ session { accessToken } userErrors { message } } }"
)
_CREATE = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { userErrors { message } } }"
_FAILED = "{ runs(filter: {status: [FAILED]}, first: 1) { totalCount } }"
_SETTINGS = {
    "SMTP_HOST": "127.0.0.1",
    "SMTP_TLS": "none",
    "QUOTA_TASKS": "0",
    "QUOTA_RUNS_PER_MINUTE": "0",
    "QUOTA_MAILS_PER_DAY": "0",
    "COST_LIMIT": "100000000",
    "ALLOW_SELF_CALLS": "true",
    "CIRCUIT_FAILURES": "0",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class MailServer:
    """An SMTP server that can be away. `arrived` has the subject of each mail, and when it came."""

    def __init__(self) -> None:
        self.port = _free_port()
        self.arrived: list[tuple[str, float]] = []
        self._server: asyncio.Server | None = None

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Accept a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.arrived.append((str(message_from_bytes(content)["Subject"]), time.monotonic()))
        return "250 OK"

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="bench", loop=loop), "127.0.0.1", self.port)

    async def close(self) -> None:
        """Refuse connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()


class _Client:
    """A user whose address is confirmed."""

    def __init__(self, server: Server) -> None:
        self._url, self._uri = f"http://{server.host}:{server.port}/graphql", server.database_uri
        self._headers: dict[str, str] = {}

    async def query(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        async with httpx.AsyncClient(headers=self._headers, timeout=60) as client:
            answer = await client.post(self._url, json={"query": document, "variables": variables or {}})
            body = answer.json()
        if body.get("errors"):
            raise RuntimeError(str(body["errors"])[:500])
        return body["data"]

    async def sign_up(self) -> None:
        session = (await self.query(_SIGN_UP))["signUp"]["session"]
        self._headers = {"Authorization": f"Bearer {session['accessToken']}"}
        database = await connect(self._uri, "tocsin")
        await database.users.update_many({}, {"$set": {"email_confirmed": True}})
        await database.close()

    async def fail(self, urls: Iterator[str], count: int) -> float:
        """Create this many tasks that soon call these URLs at once, and are not retried. Returns when that is due."""
        delay = 5 + count / 50
        at, due = (clock.now() + timedelta(seconds=delay)).isoformat(), time.monotonic() + delay
        tasks = [
            {"name": f"task {number}", "job": {"http": {"url": next(urls)}}, "schedule": {"at": at},
             "retry": {"maxRetries": 0}}
            for number in range(count)
        ]  # fmt: skip
        for start in range(0, count, 100):
            answer = await self.query(_CREATE, {"i": {"tasks": tasks[start : start + 100]}})
            if answer["createTasks"]["userErrors"]:
                raise RuntimeError(str(answer["createTasks"]["userErrors"])[:500])
        return due

    async def count_failed(self) -> int:
        return int((await self.query(_FAILED))["runs"]["totalCount"])


async def _wait(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await condition():
            await asyncio.sleep(0.05)


def _dead_urls() -> Iterator[str]:
    url = f"http://127.0.0.1:{_free_port()}/"
    while True:
        yield url


def _bad_requests(server: Server) -> Iterator[str]:
    """Yield URLs that answer 404, which is a fault of the task and not of its host: each is an incident of its own."""
    while True:
        yield f"http://{server.host}:{server.port}/no-such-page"


async def _measure_storm(client: _Client, mails: MailServer, count: int) -> list[Row]:
    begun = await client.fail(_dead_urls(), count)

    async def all_failed() -> bool:
        return await client.count_failed() == count

    await _wait(all_failed)
    took = time.monotonic() - begun
    await asyncio.sleep(30)  # whatever else would be told has come by then
    told = [(subject, at) for subject, at in mails.arrived if "fail" in subject]
    first = min((at for _, at in told), default=float("nan"))
    return [
        Row(f"(p) {count:,} tasks on a dead host: mails", len(told), "1"),
        Row("    time until all have failed, s", took),
        Row("    time until the first mail, s", first - begun),
    ]


async def _measure_outage(client: _Client, mails: MailServer, server: Server, seconds: float) -> list[Row]:
    await mails.close()
    before = len(mails.arrived)
    await client.fail(_bad_requests(server), WAITING_MAILS)
    await asyncio.sleep(seconds)
    await mails.open()
    back = time.monotonic()

    async def all_arrived() -> bool:
        return len(mails.arrived) - before >= WAITING_MAILS

    with contextlib.suppress(TimeoutError):
        await _wait(all_arrived)
    delays = [at - back for _, at in mails.arrived[before:]]
    return [
        Row(f"(p) {WAITING_MAILS} mails of {seconds:.0f} s without a mail server: arrived", len(delays),
            str(WAITING_MAILS)),
        Row("    first after it is back, s", min(delays, default=float("nan"))),
        Row("    last after it is back, s", max(delays, default=float("nan"))),
    ]  # fmt: skip


@contextlib.asynccontextmanager
async def _mail_server() -> AsyncIterator[MailServer]:
    mails = MailServer()
    await mails.open()
    try:
        yield mails
    finally:
        await mails.close()


async def _measure(storm: int, outage: float) -> list[Row]:
    async with _mail_server() as mails:
        with serving({**_SETTINGS, "SMTP_PORT": str(mails.port)}) as server:
            client = _Client(server)
            await client.sign_up()
            return [*await _measure_storm(client, mails, storm), *await _measure_outage(client, mails, server, outage)]


def measure(storm: int = STORM_TASKS, outage: float = OUTAGE_SECONDS) -> list[Row]:
    """Measure a storm of so many failures, and an outage of the mail server of so many seconds."""
    return asyncio.run(_measure(storm, outage))


def main() -> None:
    """Run from the command line."""
    argparse.ArgumentParser(prog="python -m benchmarks.mails", description=__doc__).parse_args()
    print(text(measure()))


if __name__ == "__main__":
    main()
