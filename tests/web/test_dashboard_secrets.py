"""Named secrets in the dashboard, in Chromium against a real server and a target that echoes what it is sent."""

from pathlib import Path

from tests.acceptance.server import run_server
from tests.outbound.servers import Reader, Writer, read_request, response, talking
from tests.web.browser import drive, needs_browser

pytestmark = needs_browser


async def test_a_secret_is_created_used_replaced_and_deleted_and_never_shown(tmp_path: Path) -> None:
    async def echo(reader: Reader, writer: Writer) -> None:
        seen.append((await read_request(reader)).decode())
        writer.write(response("200 OK", seen[-1].encode()))
        await writer.drain()

    seen: list[str] = []
    async with talking(echo) as target, run_server(tmp_path) as server:
        await server.sign_up("alice@example.com")
        await drive("dashboard-secrets.mjs", server, target.url)
    tried, run = seen
    for request in (tried, run):
        assert request.startswith("POST /services/T0/B0/XXXX HTTP/1.1\r\n")
        assert "X-Key: v=tip-top-secret\r\n" in request
        assert request.endswith('{"text":"tip-top-secret"}')
