"""Trusted proxies: when forwarding headers count."""

from ipaddress import ip_network

import pytest
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from tests.graphql.conftest import PASSWORD, SECRET, Api
from tocsin.config import Settings
from tocsin.web.trusted_proxies import TrustedProxiesMiddleware

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
CASES: list[tuple[str, list[str], str]] = [
    ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),  # not a trusted proxy
    ("10.0.0.1", [], "10.0.0.1"),
    ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    ("10.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),  # the client's own header is on the left
    ("10.0.0.1", ["1.1.1.1", "198.51.100.1, 10.9.9.9"], "198.51.100.1"),
    ("10.0.0.1", ["10.2.2.2, 10.3.3.3"], "10.2.2.2"),
    ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
    ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
    ("10.0.0.1", ["2001:db8::1"], "2001:db8::1"),
    ("fd00::1", ["198.51.100.1"], "198.51.100.1"),
    ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    ("10.0.0.1", ["1.1.1.1, unknown"], "10.0.0.1"),
    ("10.0.0.1", ["1.1.1.1, unknown, 10.4.4.4"], "10.4.4.4"),
    ("10.0.0.1", [""], "10.0.0.1"),
    ("10.0.0.1", ["<script>"], "10.0.0.1"),
]


async def seen(peer: str, headers: list[tuple[str, str]], kind: str = "http") -> Scope:
    """Return the scope that the application receives."""
    found: Scope = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.update(scope)

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scheme = "http" if kind == "http" else "ws"
    scope = {"type": kind, "client": (peer, 50_000), "headers": raw, "scheme": scheme}
    await TrustedProxiesMiddleware(app, TRUSTED)(scope, None, None)  # type: ignore[arg-type]  # neither is called
    return found


@pytest.mark.parametrize(("peer", "forwarded", "expected"), CASES)
async def test_the_address(peer: str, forwarded: list[str], expected: str) -> None:
    scope = await seen(peer, [("x-forwarded-for", value) for value in forwarded])
    assert scope["client"][0] == expected


@pytest.mark.parametrize(
    ("peer", "kind", "proto", "expected"),
    [
        ("10.0.0.1", "http", "https", "https"),
        ("10.0.0.1", "websocket", "https", "wss"),
        ("10.0.0.1", "http", "HTTPS", "https"),
        ("10.0.0.1", "http", "http, https", "https"),
        ("10.0.0.1", "http", "javascript", "http"),
        ("203.0.113.7", "http", "https", "http"),
    ],
)
async def test_the_scheme(peer: str, kind: str, proto: str, expected: str) -> None:
    assert (await seen(peer, [("x-forwarded-proto", proto)], kind))["scheme"] == expected


async def test_a_peer_without_an_address_is_left_alone() -> None:
    assert (await seen("a-socket-file", [("x-forwarded-for", "198.51.100.1")]))["client"][0] == "a-socket-file"


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """Return the API's settings, with the trusted proxies of the test."""
    return Settings(_env_file=None, jwt_secret=SecretStr(SECRET), trusted_proxies=request.param)


LOG_IN = "mutation($i: LogInInput!) { logIn(input: $i) { session { accessToken } } }"


@pytest.mark.parametrize(
    ("settings", "expected"), [("127.0.0.0/8", "198.51.100.1"), ("", "127.0.0.1")], indirect=["settings"]
)
async def test_the_address_reaches_the_api_only_by_setting(api: Api, expected: str) -> None:
    assert api.alice.user is not None
    given = {"email": api.alice.user.email, "password": PASSWORD}
    headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}
    body = {"query": LOG_IN, "variables": {"i": given}}
    assert (await api.nobody.http.post("/graphql", json=body, headers=headers)).json()["data"]["logIn"]["session"]
    seen = {session["address"] for session in (await api.alice.ask("{ sessions { address } }"))["sessions"]}
    assert seen == {"127.0.0.1", expected}  # the first is that of alice's initial session
