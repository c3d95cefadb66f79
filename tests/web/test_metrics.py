"""Metrics are for the operator only: on a separate port, or with a token, and out of reach of tasks."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.server import METRICS_TOKEN as TOKEN
from tests.acceptance.server import Server, free_port, run_server
from tests.harness import wait_until
from tocsin import config
from tocsin.config import Settings
from tocsin.embedded import find_running_uri
from tocsin.errors import SettingsError
from tocsin.graphql.context import Services
from tocsin.web.app import create_app
from tocsin.web.metrics import create_metrics_app

_CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
_RUNS = "{ runs(first: 50) { nodes { task { name } attempts { error { kind } statusCode } } } }"


async def _get(url: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=False) as client:
        return await client.get(url)


async def _ask(authorization: str | None, *, alone: bool = False, **settings: Any) -> httpx.Response:
    """Return the response to a request with this header, from a server with these settings."""
    chosen = Settings(_env_file=None, **settings)

    async def nothing() -> Any:
        return {}

    def services() -> Services:
        raise AssertionError("metrics need none of it")

    app = create_metrics_app(chosen, nothing) if alone else create_app(services, chosen, nothing, nothing)
    headers = {} if authorization is None else {b"Authorization": authorization.encode()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin") as client:
        return await client.get("/metrics", headers=headers)


@pytest.mark.parametrize("alone", [False, True])
async def test_they_ask_for_the_token(alone: bool) -> None:
    wrong = ("", "wrong", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN.upper()}", "Bearer é", "Bearer", f"Basic {TOKEN}")
    for authorization in (None, *wrong):
        answer = await _ask(authorization, alone=alone, metrics_token=TOKEN)
        assert answer.status_code == 401, authorization
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert "tocsin_runs" not in answer.text
    assert "tocsin_runs_queued" in (await _ask(f"bearer {TOKEN}", alone=alone, metrics_token=TOKEN)).text


@pytest.mark.parametrize("settings", [{}, {"metrics_port": 9464}, {"metrics_port": 9464, "metrics_token": TOKEN}])
async def test_beside_the_api_are_none_without_a_token_or_where_they_have_a_port(settings: dict[str, Any]) -> None:
    answer = await _ask(f"Bearer {TOKEN}", **settings)
    assert answer.status_code == 404
    assert "TOCSIN_METRICS_PORT" in answer.json()["errors"][0]["message"]


async def test_at_an_address_of_their_own_they_are_served_and_nothing_else_and_no_task_calls_it_or_the_database(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with run_server(tmp_path, TOCSIN_METRICS_PORT=str(port), TOCSIN_METRICS_TOKEN="") as server:
        assert "tocsin_runs_queued" in (await _get(f"http://127.0.0.1:{port}/metrics")).text
        assert (await _get(f"http://127.0.0.1:{port}/graphql")).status_code == 404
        assert (await _get(server.url.replace("graphql", "metrics"))).status_code == 404
        assert b"TOCSIN_" not in Path(f"/proc/{server.database_pid()}/environ").read_bytes()
        await server.sign_up()
        for name, url in _places(server, port).items():
            job = {"http": {"url": url}}
            given = {"name": name, "job": job, "schedule": {"now": True}, "retry": {"maxRetries": 0}}
            (error,) = (await server.query(_CREATE, {"i": given}))["createTask"]["userErrors"] or [None]
            assert error is None or "Tocsin itself listens there" in error["message"]

        async def all_ran() -> dict[str, list[object]] | None:
            runs = (await server.query(_RUNS))["runs"]["nodes"]
            ended = {run["task"]["name"]: run["attempts"] for run in runs if run["attempts"]}
            return (
                ended
                if {"ours", "database", "database by name"} <= ended.keys()
                and all(attempts[0]["statusCode"] or attempts[0]["error"] for attempts in ended.values())
                else None
            )

        ended = await wait_until(all_ran)
    assert ended["ours"][0]["statusCode"] == 200  # allowed by TOCSIN_ALLOW_SELF_CALLS
    blocked = {name: attempts[0]["error"] for name, attempts in ended.items() if name != "ours"}
    assert all(error == {"kind": "BLOCKED_PORT"} for error in blocked.values()), blocked


def _places(server: Server, metrics_port: int) -> dict[str, str]:
    uri = find_running_uri(server.directory / "data")
    assert uri is not None
    database = int(uri.rpartition("@")[2].partition("/")[0].rpartition(":")[2])
    return {
        "ours": f"http://127.0.0.1:{server.port}/live",
        "metrics": f"http://127.0.0.1:{metrics_port}/metrics",
        "database": f"http://127.0.0.1:{database}/",
        "database by name": f"http://127.0.0.77:{database}/",
    }


async def test_our_own_server_is_not_called_by_default(tmp_path: Path) -> None:
    async with run_server(tmp_path, TOCSIN_ALLOW_SELF_CALLS="false") as server:
        await server.sign_up()
        given = {
            "name": "x",
            "job": {"http": {"url": f"http://127.0.0.1:{server.port}/live"}},
            "schedule": {"now": True},
        }
        (error,) = (await server.query(_CREATE, {"i": given}))["createTask"]["userErrors"]
    assert "Tocsin itself listens there" in error["message"]
    assert "TOCSIN_ALLOW_SELF_CALLS" in error["message"]


@pytest.mark.parametrize("token", ["short", "has a space in the midst", "ümläute-are-not-sent-well"])
def test_a_token_that_is_weak_or_cannot_be_sent_stops_the_start(token: str) -> None:
    with pytest.raises(SettingsError, match="TOCSIN_METRICS_TOKEN is invalid: must have at least 16 characters"):
        config.load_settings(_env_file=None, metrics_token=token)


async def test_an_address_for_metrics_that_is_taken_stops_the_start(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server._settings = {"TOCSIN_METRICS_PORT": str(server.port)}
    assert "set TOCSIN_METRICS_HOST and TOCSIN_METRICS_PORT" in (await server.refused())[-1]
