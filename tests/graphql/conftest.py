# ruff: noqa: E501  # tables read best in rows
"""The API over real HTTP: a small application with the router, a real database, and three users.

Alice owns what a test makes, Bob is a stranger, Carol administers the installation.
"""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from passlib.hash import argon2
from pydantic import SecretStr

from tests.harness import file_storage_for
from tests.outbound.servers import open_shared_client
from tests.served_app import serve_app
from tocsin import clock
from tocsin.accounts import Accounts, Actor, LinkFlows
from tocsin.config import Settings
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import Database, User, new_id
from tocsin.events import Fanout
from tocsin.execution.callbacks import CallbackReceiver, CallbackSettler
from tocsin.graphql.context import Services
from tocsin.outbound.http_client import HttpClient
from tocsin.quotas import Quotas
from tocsin.quotas.disk_monitor import DiskMonitor
from tocsin.quotas.meter import UsageMeter
from tocsin.runtime.health import ComponentHealth
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.callback_tokens import CallbackTokens
from tocsin.security.public_link_tokens import PublicLinkTokens
from tocsin.security.secret_box import SecretBox
from tocsin.security.unsubscribe_links import UnsubscribeLinks
from tocsin.statistics.service import Statistics
from tocsin.tasks.retry_defaults import RetryDefaults
from tocsin.wakeups import Signal, Wakeups
from tocsin.web.app import create_app
from tocsin.workflows.versions import VersionCache

SECRET = "a-signing-key-of-the-tests-only-0123456789"
PASSWORD = "alice, bob and carol"
HASHED = argon2.using(type="ID", rounds=1, memory_cost=64).hash(PASSWORD)
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
HTTP_JOB = {"http": {"url": "https://example.com/hook"}}


@dataclass
class Woken:
    """Records the calls of the API to the scheduler, the dispatcher and the worker."""

    due: list[datetime | None] = field(default_factory=list)
    queued: int = 0
    cancelled: list[str] = field(default_factory=list)
    workflow_runs: list[str] = field(default_factory=list)

    def listen(self, wakeups: Wakeups) -> None:
        """Record the signals that are sent from now on."""
        wakeups.task_due.connect(self.due.append)
        wakeups.workflow_due.connect(self.due.append)
        wakeups.cancel_requested.connect(self.cancelled.append)
        wakeups.workflow_run_changed.connect(self.workflow_runs.append)
        wakeups.runs_queued.connect(self._count_queued)

    def _count_queued(self) -> None:
        self.queued += 1


@dataclass
class Caller:
    """A client of the API with the token of one user, or without a token."""

    http: httpx.AsyncClient
    user: User | None
    token: str | None

    async def post(self, query: str, variables: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        assert found.pop("extensions").keys() == {"cost"}
        return found

    async def ask(self, query: str, **variables: Any) -> Any:
        """Run an operation and return its `data`. Fails on errors."""
        answer = await self.post(query, variables)
        assert "errors" not in answer, answer
        return answer["data"]

    async def do(self, mutation: str, input: Any, fields: str = "userErrors { field code message }") -> Any:
        """Run a mutation and return its payload."""
        kind = mutation[0].upper() + mutation[1:]
        names = {"RetryRun": "RetryRunInput", "CancelRun": "CancelRunInput", "RunTask": "RunTaskInput"}
        named = {"CreateTask", "CreateTasks", "UpdateTask", "SignUp", "LogIn"}
        type_name = names.get(kind, f"{kind}Input" if kind in named else "TaskIdInput")
        query = f"mutation($i: {type_name}!) {{ {mutation}(input: $i) {{ {fields} }} }}"
        return (await self.ask(query, i=input))[mutation]

    async def create(self, name: str = "ping", **more: Any) -> str:
        """Create a task that is due every hour, first in an hour, and return its global ID."""
        given = {"name": name, "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}, **more}
        payload = await self.do("createTask", given, "task { id } userErrors { field code message }")
        assert payload["userErrors"] == []
        return str(payload["task"]["id"])


@dataclass
class Api:
    """The running API."""

    url: str
    services: Services
    tokens: AccessTokens
    woken: Woken
    alice: Caller
    bob: Caller
    carol: Caller
    nobody: Caller

    @property
    def database(self) -> Database:
        return self.services.database

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/graphql"

    def token_for(self, user: User, seconds: float) -> str:
        """Return an access token of this user that expires after this time."""
        session = (
            AccessTokens(SECRET, timedelta(hours=1))
            .verify_without_reload(self._callers[user.id].token or "")
            .session_id
        )
        return AccessTokens(SECRET, timedelta(seconds=seconds)).issue(user.id, clock.now(), session)[0]

    @property
    def _callers(self) -> dict[str, Caller]:
        return {caller.user.id: caller for caller in (self.alice, self.bob, self.carol) if caller.user}


@functools.cache
def _read_settings() -> Settings:
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    return Settings(_env_file=None, jwt_secret=SecretStr(SECRET), encryption_key=SecretStr(key))


@pytest.fixture
def settings() -> Settings:
    """Settings of the tests, read once: reading takes longer than many of the tests."""
    return _read_settings().model_copy()


@pytest.fixture
async def api(database: Database, settings: Settings) -> AsyncIterator[Api]:
    async with served_api(database, settings) as running:
        yield running


@asynccontextmanager
async def served_api(database: Database, settings: Settings) -> AsyncIterator[Api]:
    """Serve the API over a database with these settings."""
    async with (
        open_shared_client(allowed_networks=settings.allowed_networks) as outbound,
        _served_with(database, settings, outbound) as running,
    ):
        yield running


@asynccontextmanager
async def _served_with(database: Database, settings: Settings, outbound: HttpClient) -> AsyncIterator[Api]:
    tokens, woken = AccessTokens(SECRET, timedelta(hours=1)), Woken()
    wakeups = Wakeups()
    woken.listen(wakeups)
    fanout, secrets = Fanout(database, lambda _: None), SecretBox(b"k" * 32)
    accounts = Accounts(database, settings, tokens, b"a" * 32)
    services = Services(
        database=database,
        settings=settings,
        accounts=accounts,
        mailing=LinkFlows(database, settings, secrets, accounts.sessions),
        secrets=secrets,
        fanout=fanout,
        fingerprint_key=b"f" * 32,
        wakeups=wakeups,
        versions=VersionCache(database, secrets, settings),
        files=file_storage_for(database),
        unsubscribe_links=UnsubscribeLinks((b"u" * 32,)),
        quotas=Quotas(database, settings),
        disk=DiskMonitor(database, settings),
        http=outbound,
        callbacks=_callback_receiver(database, wakeups, secrets),
        public_links=PublicLinkTokens((b"p" * 32,)),
        statistics=Statistics(database),
    )
    app = create_app(lambda: services, settings, _ready, _measure)
    fanout.start()
    async with serve_app(app, settings) as url, httpx.AsyncClient(base_url=url, timeout=20, verify=False) as http:
        callers = [await _caller(http, accounts, name, is_admin=name == "carol") for name in ("alice", "bob", "carol")]
        alice, bob, carol = callers
        yield Api(url, services, tokens, woken, alice, bob, carol, Caller(http, None, None))
    await fanout.stop()


def _callback_receiver(database: Database, wakeups: Wakeups, secrets: SecretBox) -> CallbackReceiver:
    decider = RetryDecider(RetryDefaults(0), timedelta())
    settler = CallbackSettler(database, decider, wakeups, UsageMeter(), Signal())
    return CallbackReceiver(database, settler, CallbackTokens((b"e" * 32,)), secrets)


async def _ready() -> dict[str, ComponentHealth]:
    return {"database": ComponentHealth(True)}


async def _measure() -> None:
    """Do nothing: there is nothing to measure."""


async def _caller(http: httpx.AsyncClient, accounts: Accounts, name: str, *, is_admin: bool) -> Caller:
    user = User(email=f"{name}@example.test", password=HASHED, is_admin=is_admin, created_at=T0)
    await user.insert()
    grant = await accounts.sessions.open(user, Actor(address="127.0.0.1", user_agent="tests"), clock.now())
    return Caller(http, user, grant.access_token)


async def stored_task(api: Api) -> Any:
    """Return the only task, as it is stored."""
    (task,) = await api.database.tasks.find({}).to_list()
    return task


def run_document(task_id: str, due_at: datetime, **more: Any) -> Any:
    """Return a run in its stored form."""
    run_id = f"{task_id}:{clock.epoch_milliseconds(due_at)}"
    return {
        "_id": run_id, "owner": task_id.partition("/")[0], "task": task_id, "task_name": "ping", "task_version": 1,
        "trigger": "SCHEDULE", "status": "COMPLETED", "open": False, "reason": None, "due_at": due_at, "created_at": due_at,
        "queued_at": due_at, "rank": None, "fence": 1, "incident": 0, "round": 0, "budget_from": 0, "lost": 0,
        "attempts": [], "job": {"kind": "http", "params": {}}, "retry": None, "timeout": None, **more,
    }  # fmt: skip


def task_document(owner: str, created_at: datetime, **more: Any) -> Any:
    """Return a task in its stored form."""
    params: Any = {"url": "https://example.com/", "method": "GET", "headers": [], "secret_headers": [], "body": None}
    task_id, name = new_id(owner), more.get("name", "ping")
    return {
        "_id": task_id, "owner": owner, "name": name, "name_key": name.casefold(), "tags": [],
        "job": {"kind": "http", "params": params | {"token": None, "connect_timeout": None}},
        "schedule": {"kind": "once", "at": created_at}, "misfire": {"policy": "RUN_ONCE", "grace_ms": 60000, "max_runs": 100},
        "overlap": "SKIP", "retry": None, "timeout": None, "hold": None, "status": "PENDING", "next_run_at": created_at,
        "last_due_at": None, "active": [], "last_end": "COMPLETED", "last_run": None, "consecutive_failures": 0, "incident": 0,
        "version": 1, "reconcile": False, "created_at": created_at, "updated_at": created_at, **more,
    }  # fmt: skip
