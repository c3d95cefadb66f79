"""Notices by Apprise: what may be set up, and delivery by the real library to real servers, where it is installed."""

import importlib.util
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.graphql.conftest import Api, served_api
from tests.graphql.notifications.test_channels import DELETE, TEST, call, create, shown
from tests.notifications.channel_helpers import BOX, CHANNEL, RULES, at_work, delivery, stored_channel, told
from tests.notifications.channels.helpers import NOTICE, json_of, notice, request_line
from tests.notifications.helpers import Clock
from tests.outbound.servers import LOOPBACK, Reader, Writer, answering, open_shared_client, response, talking
from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database, User
from tocsin.errors import InvalidInput
from tocsin.notifications.channel_changes import ChannelDraft, create_channel, validate_draft
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.apprise import AppriseChannel, AppriseSettings
from tocsin.notifications.channels.apprise import channel as module
from tocsin.notifications.channels.apprise.schemes import SCHEMES
from tocsin.notifications.channels.base import DeliveryRefused, DeliveryUnavailable, KindTurnedOff
from tocsin.notifications.channels.notice import Severity
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.outbound.guard import ConnectionRules

OK = response("200 OK", b"ok")
ON = ConnectionRules(LOOPBACK, allows_apprise=True)
APPRISE = CONFIGURABLE_CHANNELS["apprise"]
needs_apprise = pytest.mark.skipif(
    importlib.util.find_spec("apprise") is None,
    reason="the package apprise is not installed; pip install 'tocsin[apprise]'",
)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package count as installed, for what is decided before it is used."""
    monkeypatch.setattr(module, "is_apprise_installed", lambda: True)


def parse(url: Any, rules: ConnectionRules = ON) -> AppriseSettings:
    settings = APPRISE.parse_settings({"url": url}, rules)
    assert isinstance(settings, AppriseSettings)
    return settings


def fault_of(url: Any, rules: ConnectionRules = ON) -> str:
    with pytest.raises(InvalidInput) as caught:
        parse(url, rules)
    return caught.value.message


def json_url(port: int, path: str = "s3cretpath") -> str:
    return f"json://127.0.0.1:{port}/{path}"


# --- what may be set up -----------------------------------------------------------------------------------------------


def test_an_operator_must_turn_it_on(installed: None) -> None:
    assert "TOCSIN_APPRISE=true" in fault_of("json://example.org", RULES)


def test_it_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_apprise_installed", lambda: False)
    assert "pip install 'tocsin[apprise]'" in fault_of("json://example.org")


def test_only_the_scheme_of_the_url_is_shown(installed: None) -> None:
    settings = parse("MMOSTS://user@hooks.example.org/s3cret")
    assert settings.show() == {"url": "mmosts://***"}
    assert settings.secret_values() == {"url": "MMOSTS://user@hooks.example.org/s3cret"}
    assert "hooks" not in repr(settings) + str(settings) + str(settings.plain_values())


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("syslog://", "must be one of Apprise"),
        ("syslog://x", "writes to the log of this machine"),
        ("dbus://x", "desktop"),
        ("WINDOWS://x", "desktop"),
        ("macosx://x", "desktop"),
        ("file:///etc/passwd", "files or programs"),
        ("exec://rm", "files or programs"),
        ("vapid://x/y", "files or programs"),
        ("https://discord.com/api/webhooks/1/s3cret", "as Apprise writes it"),
        ("newservice://s3cret", "not one of the services"),
        ("json://a, dbus://x", "must be one of Apprise"),
        ("json://a\ndbus://x", "must be one of Apprise"),
        (" json://a", "must be one of Apprise"),
        ("s3cret", "must be one of Apprise"),
        ("json://" + "s3cret" * 1_000, "must be one of Apprise"),
        ("json://s3cret\u202e", "must be one of Apprise"),
        (12, ""),
    ],
)
def test_other_urls_are_refused_with_a_reason_and_not_repeated(installed: None, url: Any, fault: str) -> None:
    message = fault_of(url)
    assert fault in message
    assert "s3cret" not in message
    assert "passwd" not in message


@needs_apprise
def test_the_allowed_services_are_those_of_the_library_and_none_of_the_machine() -> None:
    program = (
        "from apprise.manager_plugins import NotificationManager as M; m = M(); m.load_modules(); print(*m.schemas())"
    )
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    printed = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, env=path
    ).stdout
    assert set(printed.split()) >= SCHEMES
    assert {"syslog", "dbus", "gnome", "glib", "macosx", "windows", "blink1", "vapid"}.isdisjoint(SCHEMES)


# --- delivery ---------------------------------------------------------------------------------------------------------


@needs_apprise
@pytest.mark.parametrize(
    ("severity", "kind"),
    [
        (Severity.CRITICAL, "failure"),
        pytest.param(Severity.SUCCESS, "success", marks=pytest.mark.long),
        pytest.param(Severity.WARNING, "warning", marks=pytest.mark.long),
    ],
)
async def test_a_notice_arrives(severity: Severity, kind: str) -> None:
    async with answering(OK) as server, open_shared_client(apprise=True) as http:
        await AppriseChannel().deliver(notice(severity=severity), parse(json_url(server.port)), http)
    (seen,) = server.seen
    assert request_line(seen) == "POST /s3cretpath HTTP/1.1"
    sent = json_of(seen)
    assert (sent["title"], sent["type"]) == (NOTICE.subject, kind)
    assert sent["message"].splitlines() == [*NOTICE.text.splitlines(), "", f"Open in Tocsin: {NOTICE.page}"]


async def failure_of(url: str, **options: Any) -> DeliveryRefused | DeliveryUnavailable:
    async with open_shared_client(**{"apprise": True, **options}) as http:
        with pytest.raises((DeliveryRefused, DeliveryUnavailable)) as caught:
            await AppriseChannel().deliver(NOTICE, AppriseSettings.load({}, {"url": url}), http)
    assert isinstance(caught.value, DeliveryRefused | DeliveryUnavailable)
    assert "s3cret" not in str(caught.value)
    return caught.value


@needs_apprise
async def test_a_service_that_fails_is_tried_again_and_says_why() -> None:
    async with answering(response("500 Internal Server Error")) as server:
        failure = await failure_of(json_url(server.port))
    assert isinstance(failure, DeliveryUnavailable)
    assert "error=500" in str(failure)


@needs_apprise
async def test_an_address_that_is_not_public_is_not_called() -> None:
    async with answering(OK) as server:
        failure = await failure_of(json_url(server.port), allowed_networks=())
    assert server.seen == []
    assert isinstance(failure, DeliveryRefused)
    assert "127.0.0.1 may not be called" in str(failure)


@needs_apprise
async def test_a_denied_port_is_not_called() -> None:
    async with answering(OK) as server:
        failure = await failure_of(json_url(server.port), denied_ports={server.port})
    assert (server.seen, f"port {server.port} may not be called" in str(failure)) == ([], True)


@needs_apprise
async def test_a_url_that_the_library_cannot_use_is_refused() -> None:
    failure = await failure_of("discord://s3cret")
    assert (type(failure), str(failure)[:27]) == (DeliveryRefused, "Apprise cannot use the URL.")


async def _listen_only(reader: Reader, writer: Writer) -> None:
    """Accept and never answer."""
    await reader.read()


@needs_apprise
async def test_a_server_without_end_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.outbound.apprise_sender._TIMEOUT", 4.0)
    async with talking(_listen_only) as server:
        failure = await failure_of(f"{json_url(server.port)}?rto=1000")
    assert (type(failure), str(failure)) == (DeliveryUnavailable, "Apprise took too long.")


async def test_where_it_was_turned_off_nothing_is_sent(installed: None) -> None:
    failure = await failure_of("json://example.org", apprise=False)
    assert (type(failure), "TOCSIN_APPRISE=true" in str(failure)) == (KindTurnedOff, True)


async def test_where_it_was_uninstalled_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "is_apprise_installed", lambda: False)
    failure = await failure_of("json://example.org")
    assert (type(failure), "pip install" in str(failure)) == (KindTurnedOff, True)


# --- channels of users ------------------------------------------------------------------------------------------------


async def add_apprise_channel(database: Database, url: str) -> None:
    draft = ChannelDraft("apprise", {"url": url}, "Ops")
    await create_channel(database, BOX, CHANNEL, draft, validate_draft(draft, ON), Clock()())


async def test_an_existing_channel_is_disabled_with_the_reason_once_it_is_turned_off(
    database: Database, alice: User, time: Clock, installed: None
) -> None:
    await add_apprise_channel(database, "json://example.org")
    await enqueue_deliveries(database, [told()], time())
    async with at_work(database, time) as worker:
        await worker.send_due()
    channel = await stored_channel(database)
    assert (channel["is_enabled"], channel["disabled_reason"]) == (False, module.TURNED_OFF)
    assert await database.deliveries.count_documents({"kind": "CHANNEL_DISABLED", "channel": None}) == 1


async def test_the_turn_of_others_is_no_failure_of_the_channel(
    database: Database, alice: User, time: Clock, installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.time = clock.now()
    await add_apprise_channel(database, json_url(9))
    await enqueue_deliveries(database, [told()], time())
    async with open_shared_client(apprise=True) as http:
        assert http.apprise is not None
        monkeypatch.setattr(http.apprise._turns, "_busy", {"u8", "u9"})
        async with at_work(database, time, http=http) as worker:
            await worker.send_due()
    waiting, channel = await delivery(database), await stored_channel(database)
    assert (waiting["status"], waiting["tries"], waiting["last_error"]) == ("QUEUED", 0, module.BUSY)
    assert (channel.get("failing_since"), channel.get("retry_at")) == (None, None)


@needs_apprise
async def test_a_channel_is_told_by_a_worker(database: Database, alice: User, time: Clock) -> None:
    async with answering(OK) as server, open_shared_client(apprise=True) as http:
        await add_apprise_channel(database, json_url(server.port))
        await enqueue_deliveries(database, [told()], time())
        async with at_work(database, time, http=http) as worker:
            await worker.send_due()
    assert len(server.seen) == 1
    assert (await delivery(database))["status"] == "DELIVERED"


async def test_without_the_setting_the_api_says_so(api: Api) -> None:
    refused = await create(api.alice, "apprise", {"url": "json://example.org"})
    assert refused["notificationChannel"] is None
    (error,) = refused["userErrors"]
    assert (error["field"], error["code"]) == (["channel", "apprise"], "INVALID")
    assert "TOCSIN_APPRISE=true" in error["message"]


async def test_with_the_setting_a_channel_can_be_set_up_and_tried(
    database: Database, settings: Settings, installed: None
) -> None:
    async with served_api(database, settings.model_copy(update={"apprise": True})) as api:
        channel = (await create(api.alice, "apprise", {"url": "jsons://s3cret.example.org"}))["notificationChannel"]
        assert (channel["kind"], shown(channel)) == ("APPRISE", {"url": "jsons://***"})
        tried = await call(api.alice, TEST, channel)  # the client of these tests does not use Apprise
        assert (tried["delivered"], tried["error"]) == (False, module.TURNED_OFF)
        assert (await call(api.alice, DELETE, channel))["userErrors"] == []
