"""A server that ran with its clock two hours ahead and is restarted with the correct time."""

import asyncio
import sys
from pathlib import Path

import httpx

from tests.acceptance.server import Server
from tests.harness import TargetServer, wait_until

_AHEAD = """
import time
from datetime import datetime, timedelta

import apscheduler.schedulers.base
import jwt.api_jwt

import tocsin.clock

class Ahead(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + timedelta(hours=2)

right, right_ns = time.time, time.time_ns
time.time = lambda: right() + 7200
time.time_ns = lambda: right_ns() + 7200 * 10**9
apscheduler.schedulers.base.datetime = jwt.api_jwt.datetime = tocsin.clock.datetime = Ahead

from tocsin.cli.main import app

if __name__ == "__main__":
    app(["serve"])
"""
_CREATE = """mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"""
_TASK = "query($id: ID!) { viewer { email } task(id: $id) { nextRunAt runs(first: 2) { totalCount } } }"


class AheadServer(Server):
    """A server whose process sees a clock two hours ahead."""

    async def launch(self) -> None:
        script = self.directory / "ahead.py"
        script.write_text(_AHEAD)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, str(script), cwd=self.directory, env=self.environment, stdout=log, stderr=log
            )


async def test_nobody_is_locked_out_and_what_waits_is_told(tmp_path: Path, target: TargetServer) -> None:
    ahead = AheadServer(tmp_path)
    try:
        await ahead.start()
        await ahead.sign_up()
        every = {"name": "x", "job": {"http": {"url": target.url}}, "schedule": {"every": {"interval": "PT1S"}}}
        task_id = (await ahead.query(_CREATE, {"i": every}))["createTask"]["task"]["id"]

        async def has_run() -> bool:
            found = await ahead.query(_TASK, {"id": task_id})
            return bool(found["task"]["runs"]["totalCount"] >= 2)

        await wait_until(has_run, 20)
    finally:
        await ahead.stop()
    server = Server(tmp_path)
    await server.start()
    try:
        log_in = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } userErrors { message } } }"
        given = {"email": "alice@example.com", "password": "correct horse battery"}
        answer = await server.query(log_in, {"i": given})
        server.token = answer["logIn"]["session"]["accessToken"]
        assert (await server.query(_TASK, {"id": task_id}))["viewer"]["email"] == "alice@example.com"
        async with httpx.AsyncClient(verify=False) as client:
            ready = await client.get(server.url.replace("graphql", "ready"))
        assert ready.status_code == 200
        assert ready.json()["clock"].startswith("The clock was set back by at least 7")
        assert server.log.read_text().count("tasks wait because the clock was set back") == 1
    finally:
        await server.stop()
