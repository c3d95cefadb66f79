"""Cross-origin requests: which pages may use the API from a browser."""

import httpx
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.graphql.conftest import SECRET, Api
from tocsin.config import Settings

FRIEND, STRANGER = "https://app.example.com", "https://evil.example"
BODY = {"query": "{ __typename }"}


@pytest.fixture
def settings() -> Settings:
    """Return the API's settings, with two allowed origins."""
    origins = f"{FRIEND}, http://LOCALHOST:5173"
    return Settings(_env_file=None, jwt_secret=SecretStr(SECRET), cors_origins=origins)


async def preflight(api: Api, origin: str, path: str = "/graphql") -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return await api.nobody.http.options(path, headers=headers)


def allowed(answer: httpx.Response) -> dict[str, str]:
    """Return the CORS headers of a response."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


async def test_a_preflight_of_an_allowed_origin(api: Api) -> None:
    for origin in (FRIEND, "http://localhost:5173"):
        answer = await preflight(api, origin)
        assert answer.status_code == 200
        assert answer.headers["vary"].split(", ")[0] == "Origin"
        assert allowed(answer) == {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": (
                "Accept, Accept-Language, Authorization, Content-Language, Content-Type, Last-Event-ID, X-Request-Id"
            ),
            "access-control-max-age": "7200",
        }


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", FRIEND + ".evil.example", FRIEND + ":8443", "http://app.example.com"]
)
async def test_another_origin_gets_no_permission(api: Api, origin: str) -> None:
    answer = await preflight(api, origin)
    assert (answer.status_code, answer.text) == (400, "Disallowed CORS origin")
    assert "access-control-allow-origin" not in answer.headers
    answer = await api.nobody.http.post("/graphql", json=BODY, headers={"Origin": origin})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Origin"


async def test_responses_and_refusals_allow_the_origin(api: Api) -> None:
    for body, status in ((BODY, 200), ({}, 400)):
        answer = await api.nobody.http.post("/graphql", json=body, headers={"Origin": FRIEND})
        assert answer.status_code == status
        assert allowed(answer) == {
            "access-control-allow-origin": FRIEND,
            "access-control-expose-headers": "Retry-After, X-Request-Id",
        }


async def test_other_paths_allow_no_origin(api: Api) -> None:
    assert allowed(await preflight(api, FRIEND, "/metrics")) == {}
    assert allowed(await api.nobody.http.get("/live", headers={"Origin": FRIEND})) == {}


async def test_without_an_origin_nothing_changes(api: Api) -> None:
    answer = await api.nobody.http.post("/graphql", json=BODY)
    assert (answer.status_code, allowed(answer)) == (200, {})
    assert (await api.nobody.http.options("/graphql")).status_code == 405


async def test_sockets_of_friends_are_accepted_and_others_are_not(api: Api) -> None:
    protocols = [Subprotocol("graphql-transport-ws")]
    for origin in (FRIEND, api.url, None):
        async with connect(api.ws_url, subprotocols=protocols, origin=Origin(origin) if origin else None) as socket:
            assert socket.subprotocol == protocols[0]
    with pytest.raises(InvalidStatus) as caught:
        await connect(api.ws_url, subprotocols=protocols, origin=Origin(STRANGER))
    assert caught.value.response.status_code == 403
    assert b"FORBIDDEN" in (caught.value.response.body or b"")
