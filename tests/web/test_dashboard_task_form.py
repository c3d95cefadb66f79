"""The task form and the imports of the dashboard in Chromium, against a real server and targets."""

from pathlib import Path

import pytest

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser
FAILS = response("500 Internal Server Error", b"the disk is full")
WORKS = response("200 OK", b'{"works": true}', "Content-Type: application/json")


async def perform(directory: Path, *journeys: str) -> list[str]:
    """Perform journeys of `task-form.mjs`, and return the requests that reached the target that works."""
    async with answering(FAILS) as bad, answering(WORKS) as good, run_server(directory) as server:
        await drive("task-form.mjs", server, good.url, bad.url, *journeys)
        return [request.decode() for request in good.seen]


async def test_a_first_task_is_tried_fails_is_mended_and_retried(tmp_path: Path) -> None:
    seen = await perform(tmp_path, "first-task")
    assert [head.partition(" HTTP/1.1")[0] for head in seen] == ["GET /fixed"] * 2  # a trial and the retry


async def test_a_curl_command_becomes_a_task(tmp_path: Path) -> None:
    (tried,) = await perform(tmp_path, "curl")
    assert tried.startswith("POST /hook?x=1 ")
    assert "Authorization: Bearer tip-top-secret" in tried
    assert tried.endswith('{"a":1}')


@pytest.mark.parametrize("journeys", ["validation unique schedules kinds crontab", "drafts conflict copy pages"])
async def test_a_person_writes_and_imports_tasks(journeys: str, tmp_path: Path) -> None:
    await perform(tmp_path, *journeys.split())
