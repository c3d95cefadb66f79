"""A server that is killed while trigger URLs are called: what it acknowledged has its run, and no key starts two."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.acceptance.server import Server, run_server
from tests.outbound.servers import answering, response

KEYS = 15
"""Calls of each URL, each with its own key. Three times as many are fewer than a URL takes in a minute."""
KILLED_AFTER = (5, 20)
"""The number of acknowledged calls after which the server is killed, of both URLs together."""
_TASK = """mutation($url: URL!) { createTask(input: {name: "a", job: {http: {url: $url}},
  schedule: {every: {interval: "PT1H"}}}) { task { id } userErrors { message } } }"""
_YAML = "name: w\ninputs: {n: {type: integer}}\nsteps: [{key: a, wait: PT1S}]"
_WORKFLOW = """mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) {
  workflow { id } userErrors { message } } }"""
_LINK = """mutation($subject: ID!) { createPublicLink(input: {subjectId: $subject, kind: TRIGGER}) {
  url userErrors { message } } }"""
_RUN = "query($id: ID!) { node(id: $id) { id } }"
_RUNS = """query($task: ID!) { runs(filter: {taskId: $task, trigger: LINK}) { totalCount }
  workflowRuns { totalCount } }"""


class Caller:
    """Calls the URLs with keys, and keeps the run that each call was told."""

    def __init__(self, server: Server, paths: list[str]) -> None:
        self._server, self._paths = server, paths
        self.told: dict[tuple[str, int], str] = {}

    async def call_all(self, kill_after: int | None = None) -> None:
        """Call each URL with each key, and kill the server after this number of acknowledged calls."""
        killing: asyncio.Future[None] | None = None
        async with httpx.AsyncClient(timeout=30) as client:
            calls = [self._call(client, path, key) for key in range(KEYS) for path in self._paths]
            count = 0
            for each in asyncio.as_completed(calls):
                count += await each
                if count == kill_after and killing is None:
                    killing = asyncio.ensure_future(self._server.kill())
        if killing is not None:
            await killing

    async def _call(self, client: httpx.AsyncClient, path: str, key: int) -> bool:
        url = self._server.url.replace("/graphql", path)
        try:
            answer = await client.post(url, headers={"Idempotency-Key": f"key-{key}"}, json={"n": key})
        except httpx.TransportError:
            return False
        if answer.status_code == 503:
            return False
        assert answer.status_code == 202, answer.text
        run = answer.json()["id"]
        assert self.told.setdefault((path, key), run) == run, "a key means one run, also after a crash"
        return True


async def _create_links(server: Server, target: str) -> tuple[str, list[str]]:
    task = (await server.query(_TASK, {"url": target}))["createTask"]["task"]["id"]
    workflow = (await server.query(_WORKFLOW, {"yaml": _YAML}))["saveWorkflow"]["workflow"]["id"]
    links: list[dict[str, Any]] = [await server.query(_LINK, {"subject": each}) for each in (task, workflow)]
    return task, [urlsplit(each["createPublicLink"]["url"]).path for each in links]


async def test_an_acknowledged_call_has_its_run_and_a_key_has_one(tmp_path: Path) -> None:
    async with answering(response("204 No Content")) as target, run_server(tmp_path) as server:
        await server.sign_up()
        task, paths = await _create_links(server, target.url)
        caller = Caller(server, paths)
        for kill_after in KILLED_AFTER:
            await caller.call_all(kill_after)
            await server.start()
            for run in caller.told.values():
                assert (await server.query(_RUN, {"id": run}))["node"] == {"id": run}, "acknowledged, but not there"
        await caller.call_all()
        assert len(caller.told) == 2 * KEYS
        counts = await server.query(_RUNS, {"task": task})
        assert (counts["runs"]["totalCount"], counts["workflowRuns"]["totalCount"]) == (KEYS, KEYS)
