"""The refresh token of Tocsin's own pages in a cookie: only they get it, and only they can use it."""

from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from tests.graphql.conftest import PASSWORD, Api, served_api
from tocsin.config import Settings
from tocsin.documents import AuditAction, AuditEntry, Database
from tocsin.web.sessions import SESSION_PATH

ELSEWHERE = "https://evil.example"
EMAIL = "alice@example.test"
FIELDS = "session { accessToken refreshToken user { email } } userErrors { field code }"
LOG_IN = f"mutation($i: LogInInput!) {{ logIn(input: $i) {{ {FIELDS} }} }}"
REFRESH = f"mutation($i: RefreshSessionInput!) {{ refreshSession(input: $i) {{ {FIELDS} }} }}"
LOG_OUT = "mutation($i: LogOutInput!) { logOut(input: $i) { userErrors { field code } } }"


class Page:
    """A page of the server in one browser."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http, self._url = http, url
        self.headers = {"origin": url}
        self.cookie: str | None = None
        self.stored: Any = None

    async def send(self, query: str, input_: Any = None, **headers: str) -> httpx.Response:
        """Send an operation, and keep the cookie of the response."""
        cookie = {"cookie": self.cookie} if self.cookie else {}
        body = {"query": query, "variables": {"i": input_ or {}}}
        response = await self._http.post(SESSION_PATH, json=body, headers={**self.headers, **cookie, **headers})
        given = SimpleCookie(response.headers.get("set-cookie", ""))
        self.stored = next(iter(given.values()), None)
        if self.stored is not None:
            self.cookie = f"{self.stored.key}={self.stored.value}" if self.stored.value else None
        return response

    async def ask(self, query: str, input_: Any = None) -> Any:
        """Send an operation and return the payload of its only mutation."""
        response = await self.send(query, input_)
        assert response.status_code == 200, response.text
        (payload,) = response.json()["data"].values()
        return payload

    async def log_in(self, email: str = EMAIL) -> Any:
        """Log in and return the session."""
        return (await self.ask(LOG_IN, {"email": email, "password": PASSWORD}))["session"]


@pytest.fixture
async def page(api: Api) -> Page:
    return Page(api.alice.http, api.url)


async def test_the_refresh_token_is_in_a_cookie_that_no_script_reads(page: Page) -> None:
    session = await page.log_in()
    assert session["refreshToken"] == ""
    stored = page.stored
    assert stored.value.startswith("tocsin_refresh_")
    assert (stored["httponly"], stored["samesite"], stored["max-age"]) == (True, "strict", str(30 * 86_400))
    assert (stored["path"], stored["domain"]) == ("", "")  # so browsers send it below /session only, at this host only
    assert not stored["secure"]
    renewed = (await page.ask(REFRESH))["session"]
    assert (renewed["user"]["email"], renewed["refreshToken"]) == (EMAIL, "")


async def test_a_page_over_https_gets_a_secure_cookie(page: Page, api: Api) -> None:
    page.headers = {"origin": api.url.replace("http:", "https:"), "sec-fetch-site": "same-origin"}
    await page.log_in()
    assert page.stored["secure"]
    assert page.stored.key.startswith("__Secure-")
    assert (await page.ask(REFRESH))["session"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ELSEWHERE},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:1"},
        {"origin": ELSEWHERE, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "none"},
    ],
    ids=lambda headers: ",".join(headers.values()) or "nothing",
)
async def test_no_other_site_can_use_the_cookie(page: Page, api: Api, headers: dict[str, str]) -> None:
    await page.log_in()
    for query in (REFRESH, LOG_OUT, LOG_IN):
        response = await page.send(
            query, {"email": EMAIL, "password": PASSWORD} if query == LOG_IN else None, **headers
        )
        assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
        assert "set-cookie" not in response.headers
        assert "access-control-allow-origin" not in response.headers
    assert (await page.ask(REFRESH))["session"], "nothing has happened to the session"


async def test_a_request_without_an_origin_is_refused(page: Page) -> None:
    await page.log_in()
    page.headers = {}
    assert (await page.send(REFRESH)).status_code == 403


async def test_a_form_of_another_site_is_not_understood(page: Page, api: Api) -> None:
    await page.log_in()
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        headers = {**page.headers, "cookie": page.cookie or "", "content-type": media_type}
        response = await api.alice.http.post(SESSION_PATH, content='{"query":"{__typename}"}', headers=headers)
        assert response.status_code == 415


async def test_allowed_origins_of_the_api_get_no_cookies(database: Database, settings: Settings) -> None:
    shared = settings.model_copy(update={"cors_origins": (ELSEWHERE,)})
    async with served_api(database, shared) as api:
        page = Page(api.alice.http, api.url)
        await page.log_in()
        response = await page.send(REFRESH, origin=ELSEWHERE)
        assert response.status_code == 403
        asked = {"origin": ELSEWHERE, "access-control-request-method": "POST"}
        preflight = await api.alice.http.options(SESSION_PATH, headers=asked)
        assert preflight.status_code == 405
        assert "access-control-allow-origin" not in preflight.headers


async def test_the_api_itself_takes_and_gives_no_cookies(page: Page, api: Api) -> None:
    await page.log_in()
    for path in ("/graphql", "/session", "/session/"):
        body = {"query": REFRESH, "variables": {"i": {}}}
        response = await api.alice.http.post(path, json=body, headers={**page.headers, "cookie": page.cookie or ""})
        assert "set-cookie" not in response.headers
        assert "accessToken" not in response.text
    refused = await api.nobody.ask(REFRESH, i={})
    assert refused["refreshSession"]["userErrors"] == [{"field": ["refreshToken"], "code": "INVALID"}]


async def test_two_tabs_that_renew_at_once_stay_logged_in(page: Page, api: Api) -> None:
    await page.log_in()
    await _age(api)
    first, second = page.cookie, Page(api.alice.http, api.url)
    second.cookie = first
    assert (await page.ask(REFRESH))["session"]
    assert (await second.ask(REFRESH))["session"]
    assert page.cookie == second.cookie != first


async def test_a_page_that_is_loaded_again_and_again_keeps_its_token(page: Page) -> None:
    """A load whose response never arrives leaves the browser with a token that still works."""
    await page.log_in()
    first = page.cookie
    for _ in range(3):
        assert (await page.ask(REFRESH))["session"]
        assert page.stored is None
    assert page.cookie == first


async def test_an_old_cookie_is_a_copy_and_ends_the_session(page: Page, api: Api) -> None:
    await page.log_in()
    stolen = Page(api.alice.http, api.url)
    stolen.cookie = page.cookie
    for _ in range(2):
        await _age(api)
        assert (await page.ask(REFRESH))["session"]
    assert (await stolen.ask(REFRESH))["userErrors"] == [{"field": ["refreshToken"], "code": "SESSION_ENDED"}]
    assert (await page.ask(REFRESH))["session"] is None
    assert await AuditEntry.find({"action": AuditAction.REFRESH_TOKEN_REUSED}).count() == 1


async def test_a_log_in_replaces_the_session_that_was_there(page: Page, api: Api) -> None:
    """A session that somebody else has put into the browser does not survive."""
    await page.log_in("bob@example.test")
    planted = page.cookie
    assert (await page.log_in())["user"]["email"] == EMAIL
    assert page.cookie != planted
    other = Page(api.alice.http, api.url)
    other.cookie = planted
    assert (await other.ask(REFRESH))["session"] is None


async def test_of_two_cookies_none_counts(page: Page) -> None:
    await page.log_in()
    name, _, _ = (page.cookie or "").partition("=")
    page.cookie = f"{page.cookie}; {name}=tocsin_refresh_planted.by-another-site"
    assert (await page.ask(REFRESH))["userErrors"][0]["code"] == "SESSION_ENDED"


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_planted_cookie_does_not_keep_a_session_open(page: Page, api: Api, is_first: bool) -> None:
    """Another site of the domain can add a cookie, but who signs out is signed out."""
    before = await count_sessions(api)
    await page.log_in()
    own = page.cookie or ""
    planted = f"{own.partition('=')[0]}=tocsin_refresh_planted.by-another-site"
    page.cookie = f"{planted}; {own}" if is_first else f"{own}; {planted}"
    assert (await page.ask(LOG_OUT))["userErrors"] == []
    page.cookie = own
    assert (await page.ask(REFRESH))["session"] is None
    assert await count_sessions(api) == before


async def test_one_request_leaves_one_session(page: Page, api: Api) -> None:
    """Of several log-ins in one operation, the cookie can keep only the last."""
    before = await count_sessions(api)
    twice = f"mutation($i: LogInInput!) {{ a: logIn(input: $i) {{ {FIELDS} }} b: logIn(input: $i) {{ {FIELDS} }} }}"
    await page.send(twice, {"email": EMAIL, "password": PASSWORD})
    assert await count_sessions(api) == before + 1
    assert (await page.ask(REFRESH))["session"]


async def test_a_token_in_the_body_is_not_put_into_a_cookie(page: Page, api: Api) -> None:
    answer = await api.alice.ask(LOG_IN, i={"email": EMAIL, "password": PASSWORD})
    given = {"refreshToken": answer["logIn"]["session"]["refreshToken"]}
    for query in (REFRESH, LOG_OUT):
        assert (await page.ask(query, given))["userErrors"] == [{"field": ["refreshToken"], "code": "INVALID"}]
        assert page.stored is None
    assert (await api.alice.ask(REFRESH, i=given))["refreshSession"]["session"], "programs keep theirs"


async def test_a_log_out_ends_the_session_and_deletes_the_cookie(page: Page, api: Api) -> None:
    session = await page.log_in()
    kept = page.cookie
    assert (await page.ask(LOG_OUT))["userErrors"] == []
    assert (page.stored.value, page.stored["max-age"], page.cookie) == ("", "0", None)
    page.cookie = kept
    assert (await page.ask(REFRESH))["session"] is None
    headers = {"authorization": f"Bearer {session['accessToken']}"}
    answer = await api.nobody.http.post("/graphql", json={"query": "{ viewer { email } }"}, headers=headers)
    assert "TOKEN_INVALID" in answer.text
    assert (await page.ask(LOG_OUT))["userErrors"] == [], "twice is no error"


async def test_a_refused_log_in_changes_nothing(page: Page) -> None:
    await page.log_in()
    before = page.cookie
    payload = await page.ask(LOG_IN, {"email": EMAIL, "password": "wrong"})
    assert (payload["session"], page.stored, page.cookie) == (None, None, before)
    assert (await page.ask(REFRESH))["session"]


@pytest.mark.parametrize(
    "accept", ["text/event-stream", "Text/Event-Stream", "application/json;q=0.5, TEXT/event-stream"]
)
async def test_a_stream_is_refused_because_it_could_set_no_cookie(page: Page, accept: str) -> None:
    response = await page.send(REFRESH, accept=accept)
    assert response.status_code == 406


async def test_only_post_is_served(api: Api) -> None:
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert (await api.alice.http.request(method, SESSION_PATH)).status_code == 405


async def count_sessions(api: Api) -> int:
    return await api.database.sessions.count_documents({})


async def _age(api: Api) -> None:
    """Let all refresh tokens be as old as if they had been rotated an hour ago."""
    async for session in api.database.sessions.find({}, {"rotated_at": 1}):
        earlier = session["rotated_at"] - timedelta(hours=1)
        await api.database.sessions.update_one({"_id": session["_id"]}, {"$set": {"rotated_at": earlier}})
