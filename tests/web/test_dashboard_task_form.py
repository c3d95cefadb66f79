"""The task form and the imports of the dashboard in Chromium, against a real server and targets."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_a_person_writes_and_imports_tasks(tmp_path: Path) -> None:
    fails = response("500 Internal Server Error", b"the disk is full")
    works = response("200 OK", b'{"works": true}', "Content-Type: application/json")
    async with answering(fails) as bad, answering(works) as good, run_server(tmp_path) as server:
        await drive("task-form.mjs", server, good.url, bad.url, seconds=300)
        seen = [request.decode() for request in good.seen]
    assert [head.partition(" HTTP/1.1")[0] for head in seen if "/fixed" in head] == [
        "GET /fixed"
    ] * 2  # trial and retry
    (tried,) = [head for head in seen if "/hook" in head]
    assert tried.startswith("POST /hook?x=1 ")
    assert "Authorization: Bearer tip-top-secret" in tried
    assert tried.endswith('{"a":1}')
