"""The account in the dashboard, in Chromium against a real server: its session, its settings, its notifications."""

from pathlib import Path

import pytest

from tests.acceptance.server import Server, run_server
from tests.notifications.channels.helpers import headers_of
from tests.outbound.servers import answering, response
from tests.web.browser import drive, needs_browser
from tests.web.test_playground import mailed_link

pytestmark = needs_browser
SCRIPT = "dashboard-account.mjs"


async def prepare(server: Server) -> None:
    for name in ("alice", "bob"):
        await server.sign_up(f"{name}@example.com")
        server.token = None


async def test_a_browser_stays_signed_in_until_its_session_ends(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await prepare(server)
        for scenario in ("reload", "tabs", "revoked", "other"):
            await drive(SCRIPT, server, scenario)


@pytest.mark.long
async def test_a_page_outlives_its_access_tokens(tmp_path: Path) -> None:
    async with run_server(tmp_path, TOCSIN_ACCESS_TOKEN_MINUTES="1") as server:
        await prepare(server)
        await drive(SCRIPT, server, "expiry", seconds=200)


async def test_a_forgotten_password_is_replaced_from_the_sign_in_page(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await server.sign_up()
        await drive(SCRIPT, server, "ask-reset")
        await drive(SCRIPT, server, "reset", await mailed_link(server))


async def test_passwords_tokens_and_sessions_are_managed(tmp_path: Path) -> None:
    async with run_server(tmp_path) as server:
        await prepare(server)
        await drive(SCRIPT, server, "settings")


async def test_channels_preferences_and_rules_are_managed(tmp_path: Path) -> None:
    accepts, fails = response("204 No Content"), response("500 Internal Server Error", b"no")
    async with answering(accepts, fails) as target, run_server(tmp_path) as server:
        await prepare(server)
        await drive(SCRIPT, server, "notifications", target.url)


async def test_a_failed_delivery_is_sent_again(tmp_path: Path) -> None:
    gone, accepts = response("410 Gone"), response("204 No Content")
    async with answering(gone, accepts) as target, run_server(tmp_path) as server:
        await prepare(server)
        await drive(SCRIPT, server, "retry", target.url)
    first, second = (headers_of(each)["webhook-id"] for each in target.seen)
    assert first == second
