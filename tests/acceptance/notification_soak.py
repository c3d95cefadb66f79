"""Random failures, kills and reconnections: every notification is delivered or still due, and none is told twice.

Run it with `python -m tests.acceptance.notification_soak --seconds 1800`.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web

from tests.acceptance.events import events
from tests.acceptance.notification_history import History, check_history, read_history
from tests.acceptance.server import RateLimitedError, Server, UnavailableError
from tests.harness import wait_until
from tests.outbound.smtp import Inbox, mail_server

TASKS = 24
HOSTS = ("127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
PATIENCE = 180.0
"""The seconds that something may take that always comes, however busy the machine is."""
ALICE, PASSWORD = "alice@example.com", "correct horse battery"
_LOG_IN = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } } }"
_CREATE_CHANNEL = """mutation($i: CreateNotificationChannelInput!) { createNotificationChannel(input: $i) {
  notificationChannel { id } userErrors { message } } }"""
_CREATE = """mutation($i: CreateTasksInput!) { createTasks(input: $i) {
  results { task { id } userErrors { message } } userErrors { message } } }"""
_PAUSE = "mutation($id: ID!) { pauseTask(input: {id: $id}) { userErrors { message } } }"
_OPEN = "{ runs(filter: {status: [QUEUED, RUNNING, RETRY]}) { totalCount } }"
_STORED = "{ notifications { totalCount } }"
_STREAM = "subscription { notificationReceived%s { id cursor } }"
_POLL = """query($after: String) { notifications(after: $after, waitSeconds: 5, first: 50) {
  nodes { id } pageInfo { endCursor } } }"""
_ACKNOWLEDGE = "mutation($i: AcknowledgeNotificationsInput!) { acknowledgeNotifications(input: $i) { count } }"
_MAIL_REPLIES = ("250 OK", "250 OK", "451 later")
_SETTINGS = {
    "TOCSIN_SMTP_HOST": "127.0.0.1",
    "TOCSIN_SMTP_TLS": "none",
    "TOCSIN_LEASE_SECONDS": "2",
    "TOCSIN_COST_LIMIT": "100000000",
}


@dataclass
class Surroundings:
    """The target hosts, the mail server and the webhook receiver, each of which fails at times."""

    random: random.Random
    down: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    inbox: Inbox = field(default_factory=Inbox)
    is_receiving: bool = True
    received: Counter[str] = field(default_factory=Counter)
    """The webhooks that were accepted, by their IDs."""
    port: int = 0
    kills: int = 0
    connections: int = 0
    """The connections of all clients that have ended."""

    def counts(self) -> dict[str, int]:
        """Return how often something was killed, and a client connected again."""
        return {"kills": self.kills, "reconnections": self.connections}

    async def call(self, request: web.Request) -> web.Response:
        """Handle a call: a host that is down closes the connection or answers 503, a task that fails gets 500."""
        host = request.host.partition(":")[0]
        if host in self.down and HOSTS.index(host) % 2 and request.transport is not None:
            request.transport.close()
        is_down, fails = host in self.down, request.match_info["number"] in self.failing
        return web.Response(status=503 if is_down else 500 if fails else 200)

    async def receive(self, request: web.Request) -> web.Response:
        """Handle a webhook."""
        if self.is_receiving:
            self.received[(await request.json())["data"]["id"]] += 1
        return web.Response(status=204 if self.is_receiving else 503)

    def change(self) -> None:
        """Let something fail, or work again."""
        what = self.random.random()
        if what < 0.3:
            self.down ^= {self.random.choice(HOSTS)}
        elif what < 0.8:
            self.failing ^= {str(self.random.randrange(TASKS))}
        elif what < 0.9:
            self.inbox.data = self.random.choice(_MAIL_REPLIES)
        else:
            self.is_receiving = self.random.random() < 0.7

    def mend(self) -> None:
        """Let everything work."""
        self.down.clear()
        self.failing.clear()
        self.inbox.data, self.is_receiving = _MAIL_REPLIES[0], True


@asynccontextmanager
async def surroundings(seed: int) -> AsyncIterator[Surroundings]:
    """Serve the targets and the webhook receiver during the block."""
    found = Surroundings(random.Random(seed))
    app = web.Application()
    app.router.add_route("*", "/task/{number}", found.call)
    app.router.add_route("*", "/webhook", found.receive)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        for host in HOSTS:
            await web.TCPSite(runner, host, found.port).start()
            found.port = runner.addresses[0][1]
        yield found
    finally:
        await runner.cleanup()


class Client:
    """A client that loses its connection at times, and goes on after the last notification that it got."""

    def __init__(self, server: Server, around: Surroundings) -> None:
        self._server, self._around, self._chance = server, around, around.random
        self.received: list[str] = []
        self.cursor: str | None = None

    async def run(self) -> None:
        """Receive until cancelled, over as many connections as it takes."""
        while True:
            with suppress(httpx.TransportError, TimeoutError, UnavailableError):
                async with asyncio.timeout(self._chance.uniform(1, 8)):
                    await self._receive()
            self._around.connections += 1
            await asyncio.sleep(0.05)

    async def _receive(self) -> None:
        raise NotImplementedError


class StreamClient(Client):
    """A client of the subscription over server-sent events."""

    async def _receive(self) -> None:
        after = "" if self.cursor is None else f'(after: "{self.cursor}")'
        async with aclosing(events(self._server, _STREAM % after)) as stream:
            async for event in stream:
                assert "notificationReceived" in event, event
                self.received.append(event["notificationReceived"]["id"])
                self.cursor = event["notificationReceived"]["cursor"]


class PollingClient(Client):
    """A client of long polls, which acknowledges some of what it gets."""

    async def _receive(self) -> None:
        try:
            page = (await self._server.query(_POLL, {"after": self.cursor}))["notifications"]
        except RateLimitedError:  # polls that it has left wait for a database that is away
            await asyncio.sleep(1)
            return
        self.received += [node["id"] for node in page["nodes"]]
        self.cursor = page["pageInfo"]["endCursor"]
        if page["nodes"] and self._chance.random() < 0.3:
            await self._server.query(_ACKNOWLEDGE, {"i": {"ids": [node["id"] for node in page["nodes"]]}})


async def ask(server: Server, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run an operation, retrying while the server is unavailable."""

    async def answered() -> dict[str, Any] | None:
        try:
            return await server.query(query, variables)
        except (httpx.TransportError, UnavailableError):
            return None

    answer: dict[str, Any] = await wait_until(answered, PATIENCE)
    return answer


async def log_in(server: Server) -> None:
    """Create an account with a confirmed address, and use it from now on."""
    await server.run_command("users", "create", ALICE, "--password-stdin", given=f"{PASSWORD}\n")
    answer = await server.query(_LOG_IN, {"i": {"email": ALICE, "password": PASSWORD}})
    server.token = answer["logIn"]["session"]["accessToken"]


async def create_tasks(server: Server, port: int) -> list[str]:
    """Create tasks that are due each second or two, every other one with a retry, and return their IDs."""
    tasks = [
        {
            "name": f"task {number}",
            "job": {"http": {"url": f"http://{HOSTS[number % len(HOSTS)]}:{port}/task/{number}"}},
            "schedule": {"every": {"interval": f"PT{1 + number % 2}S"}},
            "retry": {"maxRetries": number // 2 % 2, "offsets": ["PT1S"]},
        }
        for number in range(TASKS)
    ]
    answer = (await ask(server, _CREATE, {"i": {"tasks": tasks, "mode": "EACH"}}))["createTasks"]
    return [result["task"]["id"] for result in answer["results"]]


async def kill_database(server: Server) -> bool:
    """Kill the database if it runs."""
    with suppress(IndexError, ProcessLookupError):
        os.kill(server.database_pid(), signal.SIGKILL)
        return True
    return False


async def kill(server: Server, what: str) -> None:
    """Kill the server, its database, or both, and start again."""
    if what != "server":
        await wait_until(partial(kill_database, server), PATIENCE)
    if what != "database":
        await server.kill()
        await server.start()


async def make_trouble(server: Server, around: Surroundings, seconds: float) -> None:
    """Change what fails about each second, and kill something about each six."""
    loop = asyncio.get_running_loop()
    end, next_kill = loop.time() + seconds, loop.time() + 5
    while loop.time() < end:
        await asyncio.sleep(around.random.uniform(0.3, 1.5))
        around.change()
        if loop.time() >= next_kill:
            await kill(server, around.random.choice(("server", "database", "both")))
            next_kill = loop.time() + around.random.uniform(3, 9)
            around.kills += 1


async def settle(server: Server, tasks: list[str], clients: list[Client]) -> None:
    """Let everything work, so that incidents end, then pause the tasks and wait until everybody has been told."""
    await asyncio.sleep(4)
    for task in tasks:
        await ask(server, _PAUSE, {"id": task})

    async def is_idle() -> bool:
        return bool((await ask(server, _OPEN))["runs"]["totalCount"] == 0)

    async def told() -> bool:
        count = (await ask(server, _STORED))["notifications"]["totalCount"]
        return all(len(set(client.received)) == count for client in clients)

    await wait_until(is_idle, PATIENCE)
    await asyncio.sleep(5)  # incidents are told a moment after the runs that end them
    await wait_until(told, PATIENCE)


async def soak(directory: Path, seconds: float, seed: int) -> tuple[History, Surroundings]:
    """Make trouble for so many seconds, and return what is stored and what was received in the end."""
    async with AsyncExitStack() as stack:
        around = await stack.enter_async_context(surroundings(seed))
        smtp = await stack.enter_async_context(mail_server(around.inbox))
        server = Server(directory, TOCSIN_SMTP_PORT=str(smtp), **_SETTINGS)
        server.patience = PATIENCE
        await server.start()
        stack.push_async_callback(server.stop)
        await log_in(server)
        webhook = {"name": "Ops", "channel": {"webhook": {"url": f"http://127.0.0.2:{around.port}/webhook"}}}
        await ask(server, _CREATE_CHANNEL, {"i": webhook})
        clients = [StreamClient(server, around), PollingClient(server, around)]
        clients[1].cursor = (await server.query(_POLL, {"after": ""}))["notifications"]["pageInfo"]["endCursor"]
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(client.run()) for client in clients]
            tasks = await create_tasks(server, around.port)
            await make_trouble(server, around, seconds)
            around.mend()
            await settle(server, tasks, list(clients))
            for each in running:
                each.cancel()
        history = await read_history(directory / "data")
        history.received = [client.received for client in clients]
        return history, around


def main() -> None:
    """Run the command line: soak, check, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="tocsin-soak-"))
    print(f"seed {options.seed}, in {directory}, which stays there if something is wrong", flush=True)
    history, around = asyncio.run(soak(directory, options.seconds, options.seed))
    counts = check_history(history, around.received, around.inbox.mails) | around.counts()
    shutil.rmtree(directory)
    print(counts)


if __name__ == "__main__":
    main()
