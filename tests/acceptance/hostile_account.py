"""All attacks of one hostile account and its address at once: `hostile_account.py URL ADDRESS VICTIM`.

It runs in a separate process so as not to slow down the measurements, and continues until it is killed; it is meant to
get refusals. Every second it prints a JSON object with the number of responses of each kind.
"""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
from aiohttp import web

EMAIL = "mallory@example.net"
HANGING = 120
EVERY_SECOND = 3000
SOCKETS = 1000
BATCH = 250
_SIGN_UP = "mutation($i: SignUpInput!) { signUp(input: $i) { session { accessToken } userErrors { code } } }"
_LOG_IN = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } userErrors { code } } }"
_CREATE = """mutation($i: CreateTasksInput!) {
  createTasks(input: $i) { results { task { id } userErrors { code } } userErrors { code } } }"""
_SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { code message } } }"
_EXECUTE = "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { userErrors { code } } }"
_SCAN = """{ a: runs(first: 100) { totalCount nodes { id attempts { number responseBody } } }
  b: runs(first: 100, filter: {status: [FAILED]}) { totalCount nodes { id } } }"""
_CONFUSE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } } }"
_READING = """
name: reading
inputs: {text: {type: string}}
steps:
  - {key: read, job: http, params: {url: "TARGET", method: POST, body: {found: "${{ [FOUND] }}"}}}
"""
_SPREADING = """
name: spreading
steps:
  - {key: each, forEach: {items: [ITEMS], concurrency: 1000}, job: http, params: {url: "TARGET"}}
"""
_COMPUTING = """
name: computing
inputs: {shape: {type: object}, rows: {type: array}}
steps:
  - {key: area, dependsOn: [], job: polygonArea, params: {geojson: "${{ inputs.shape }}", repair: true}}
  - {key: paper, dependsOn: [], job: report, params: {title: long, format: PDF, data: "${{ inputs.rows }}"}}
"""


class Account:
    """The hostile account, with counts of the responses that it got."""

    def __init__(self, url: str, address: str, victim: str) -> None:
        self.url = url
        self.address = address
        self.victim = victim
        self.client = httpx.AsyncClient(timeout=30, transport=self._transport())
        self.answers: Counter[str] = Counter()
        self.targets: list[str] = []

    def _transport(self) -> httpx.AsyncHTTPTransport:
        limits = httpx.Limits(max_connections=200)
        return httpx.AsyncHTTPTransport(local_address=self.address, limits=limits)

    async def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Run an operation, count the kind of response, and return its data or None."""
        try:
            answer = await self.client.post(self.url, json={"query": query, "variables": variables or {}})
        except httpx.HTTPError as error:
            self.answers[type(error).__name__] += 1
            return None
        try:
            body = answer.json()
        except ValueError:
            body = {}
        codes = [error["extensions"]["code"] for error in body.get("errors", ())]
        self.answers[codes[0] if codes else str(answer.status_code)] += 1
        return body.get("data")

    async def sign_up(self) -> None:
        """Sign up."""
        answer = await self.ask(_SIGN_UP, {"i": {"email": EMAIL, "password": "a wolf in sheep's clothing"}})
        self.client.headers["Authorization"] = f"Bearer {answer['signUp']['session']['accessToken']}"

    async def create(self, count: int, task: Callable[[int], dict[str, Any]]) -> None:
        """Create as many of these tasks as the server accepts."""
        for start in range(0, count, BATCH):
            tasks = [task(number) for number in range(start, min(start + BATCH, count))]
            await self.ask(_CREATE, {"i": {"tasks": tasks, "mode": "EACH"}})

    def hanging(self, number: int) -> dict[str, Any]:
        """Return a task whose target never responds."""
        url = f"{self.targets[number % len(self.targets)]}hang"
        return {
            "name": f"hanging {number}",
            "job": {"http": {"url": url}},
            "schedule": {"every": {"interval": "PT1S"}},
            "timeout": "PT5M",
        }

    def often(self, number: int) -> dict[str, Any]:
        """Return a task that is due every second and stores as much of a long response as allowed."""
        url = f"{self.targets[number % len(self.targets)]}long"
        return {"name": f"often {number}", "job": {"http": {"url": url}}, "schedule": {"every": {"interval": "PT1S"}}}

    async def save_workflows(self) -> None:
        """Run workflows with large reads, wide fan-out and long computations."""
        found = ", ".join(["contains(inputs.text, 'aaaaaab')"] * 100)
        items = ", ".join(str(number) for number in range(1000))
        for yaml in (_READING, _SPREADING, _COMPUTING):
            text = yaml.replace("TARGET", self.targets[0]).replace("FOUND", found).replace("ITEMS", items)
            await self.ask(_SAVE, {"yaml": text})

    async def read_much(self) -> None:
        """Run expressions over almost a megabyte."""
        await self.ask(_EXECUTE, {"i": {"name": "reading", "input": {"text": "a" * 900_000}}})

    async def spread(self) -> None:
        """Make a thousand calls to one host at once."""
        await self.ask(_EXECUTE, {"i": {"name": "spreading"}})
        await asyncio.sleep(5)

    async def compute(self) -> None:
        """Run jobs with a heavily self-intersecting polygon and a report of many pages."""
        ring = [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(2000)]
        shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        rows = [{f"c{column}": row for column in range(50)} for row in range(1000)]
        await self.ask(_EXECUTE, {"i": {"name": "computing", "input": {"shape": shape, "rows": rows}}})
        await asyncio.sleep(1)

    async def scan(self) -> None:
        """Query the largest pages of its own history."""
        await self.ask(_SCAN)

    async def guess(self) -> None:
        """Try wrong passwords for the victim's account."""
        await self.ask(_LOG_IN, {"i": {"email": self.victim, "password": f"wrong {random.random()}"}})
        await asyncio.sleep(0.2)

    async def confuse(self) -> None:
        """Send a variable with many unknown fields."""
        await self.ask(_CONFUSE, {"i": {f"unknown{number}": number for number in range(20_000)}})
        await asyncio.sleep(1)

    async def hold(self) -> None:
        """Open an idle WebSocket without authentication."""
        host, port = self.url.removeprefix("http://").removesuffix("/graphql").split(":")
        lines = (
            "GET /graphql HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "Sec-WebSocket-Protocol: graphql-transport-ws", "", "",
        )  # fmt: skip
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(10):
                reader, writer = await asyncio.open_connection(host, int(port), local_addr=(self.address, 0))
            try:
                writer.write("\r\n".join(lines).encode())
                status = (await reader.readline()).decode().split(" ")
                self.answers[f"socket {status[1] if len(status) > 1 else 'closed'}"] += 1
                await reader.read()
            finally:
                writer.close()
        await asyncio.sleep(1)


async def _hang(request: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    return web.Response()


async def _answer_long(request: web.Request) -> web.Response:
    return web.Response(text="x" * 200_000)


async def _serve() -> str:
    app = web.Application()
    app.router.add_route("*", "/hang", _hang)
    app.router.add_route("*", "/long", _answer_long)
    app.router.add_route("*", "/", lambda request: _ok())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}/"


async def _ok() -> web.Response:
    return web.Response()


async def _repeat(act: Callable[[], Awaitable[None]]) -> None:
    while True:
        await act()
        await asyncio.sleep(0.05)


async def main() -> None:
    """Run all attacks, forever."""
    account = Account(*sys.argv[1:])
    account.targets = [await _serve() for _ in range(8)]
    await account.sign_up()
    async with asyncio.TaskGroup() as group:
        for _ in range(SOCKETS):
            group.create_task(_repeat(account.hold))
        await account.create(HANGING, account.hanging)
        await account.save_workflows()
        for act in (account.read_much, account.spread, account.compute, account.scan, account.guess, account.confuse):
            group.create_task(_repeat(act))
        group.create_task(account.create(EVERY_SECOND, account.often))
        while True:
            print(json.dumps(account.answers), flush=True)
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main())
