"""Processes of Apprise: what they may not do, and how many there are."""

import asyncio
import importlib.util
import os
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.outbound.servers import LOOPBACK, answering, response
from tocsin.outbound import apprise_sender
from tocsin.outbound.apprise_sender import AppriseMessage, AppriseOutcome, AppriseSender
from tocsin.outbound.guard import ConnectionRules

needs_apprise = pytest.mark.skipif(
    importlib.util.find_spec("apprise") is None,
    reason="the package apprise is not installed; pip install 'tocsin[apprise]'",
)
OK = response("200 OK", b"ok")


def message(url: str) -> AppriseMessage:
    return AppriseMessage(url, "Title", "Body", "info")


def test_a_message_does_not_show_its_url() -> None:
    assert "s3cret" not in repr(message("json://s3cret")) + repr(AppriseOutcome("FAILED", ("s3cret",)))


def test_the_process_gets_no_variables_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_ENCRYPTION_KEY", "s3cret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    assert set(apprise_sender._environment()) <= {
        "PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE",
    }  # fmt: skip


async def test_a_process_that_ends_without_an_answer_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    outcome = await AppriseSender(ConnectionRules()).send("u1", message("json://x"))
    assert outcome == AppriseOutcome("FAILED", ("Apprise ended without an answer.",))


async def test_a_process_that_takes_too_long_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pid_file, script = tmp_path / "pid", tmp_path / "sleeper"
    script.write_text(f"#!/bin/sh\necho $$ > {pid_file}.part\nmv {pid_file}.part {pid_file}\nexec sleep 600\n")
    script.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(script))
    monkeypatch.setattr(apprise_sender, "_TIMEOUT", 3.0)
    assert await AppriseSender(ConnectionRules()).send("u1", message("json://x")) == AppriseOutcome("TIMED_OUT")
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid_file.read_text()), 0)


async def test_one_owner_does_not_keep_others_from_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    sender, running, gate = AppriseSender(ConnectionRules()), list[str](), asyncio.Event()

    async def send(told: AppriseMessage) -> AppriseOutcome:
        running.append(told.url)
        await gate.wait()
        return AppriseOutcome("SENT")

    monkeypatch.setattr(sender, "_send", send)
    urls = {"u1": ["json://1", "json://2", "json://3"], "u2": ["json://4"]}
    calls = [asyncio.create_task(sender.send(owner, message(url))) for owner, each in urls.items() for url in each]
    while len(running) < 2:
        await asyncio.sleep(0)
    assert running == ["json://1", "json://4"]
    assert (await sender.send("u3", message("json://5"))).status == "BUSY"
    gate.set()
    assert [outcome.status for outcome in await asyncio.gather(*calls)] == ["SENT", "BUSY", "BUSY", "SENT"]


def test_who_was_told_to_come_again_goes_before_those_who_came_later() -> None:
    turns = apprise_sender._Turns()
    assert [turns.begin(owner, 0.0) for owner in ("a", "b", "c", "d", "a")] == [True, True, False, False, False]
    turns.end("a")
    assert [turns.begin(owner, 5.0) for owner in ("a", "e", "d", "c")] == [False, False, False, True]
    turns.end("c")
    assert [turns.begin(owner, 6.0) for owner in ("c", "e")] == [False, False]  # d is expected
    assert turns.begin("e", 6.0 + apprise_sender._TURN_KEPT - 0.5)  # neither d nor a came again


def test_no_place_is_kept_for_who_asks_during_the_own_turn() -> None:
    turns = apprise_sender._Turns()
    assert turns.begin("u1", 0.0)
    assert turns.begin("u2", 0.0)
    assert not turns.begin("u1", 1.0)
    assert not turns.begin("u2", 1.0)
    assert not turns.begin("u3", 1.0)
    turns.end("u1")
    assert turns.begin("u3", 2.0)


@needs_apprise
@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("json://169.254.169.254/latest/meta-data", "127.0.0.0/8"),
        ("json://10.0.0.1", "127.0.0.0/8"),
        ("mailto://user:pass@b.example?smtp=127.0.0.1&to=a@b.example&mode=insecure", "10.0.0.0/8"),
        ("rsyslog://127.0.0.1:5140", "10.0.0.0/8"),
    ],
)
async def test_it_connects_only_where_tasks_may(url: str, allowed: str) -> None:
    outcome = await AppriseSender(ConnectionRules((ip_network(allowed),))).send("u1", message(url))
    assert (outcome.status, "may not be called" in str(outcome.reasons)) == ("BLOCKED", True)


@needs_apprise
@pytest.mark.parametrize(
    "url",
    [
        "fcm://project/device?keyfile={path}&mode=oauth2",
        "workflows://127.0.0.1:443/workflow/signature/?template={path}",
    ],
)
async def test_it_reads_no_files_of_the_machine(url: str, secret: Path) -> None:
    outcome = await AppriseSender(ConnectionRules(LOOPBACK)).send("u1", message(url.format(path=secret)))
    assert outcome == AppriseOutcome("BLOCKED", (NO_FILES,))


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a file beside the data of a server, which was started in its folder: Python looks for modules there."""
    path = tmp_path / "secret.json"
    path.write_text('{"secret": "s3cret"}')
    for folder in (str(tmp_path), "/"):
        monkeypatch.syspath_prepend(folder)
    return path


@pytest.fixture
def reading_apprise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a package in the place of Apprise, all of whose services read the file that their URL names."""
    folder = tmp_path / "site-packages"
    (folder / "apprise").mkdir(parents=True)
    (folder / "apprise" / "__init__.py").write_text(READER)
    monkeypatch.syspath_prepend(str(folder))


READER = """
AppriseAsset = NotifyType = lambda *_, **__: None

class Apprise:
    def __init__(self, asset): pass
    instantiate = staticmethod(lambda url, asset: url)
    def add(self, url): self.path = url.partition("://")[2]

    def notify(self, *_, **__):
        try:
            return bool(open(self.path).read())
        except OSError:
            return False
"""
NO_FILES = "a file of this machine may not be opened"


@pytest.mark.usefixtures("reading_apprise")
async def test_a_read_of_a_file_beside_the_data_is_blocked(secret: Path) -> None:
    sender = AppriseSender(ConnectionRules())
    beside = f"{next(path for path in sys.path if path.endswith('site-packages'))}-other"
    for path in (str(secret), "/etc/passwd", beside):
        assert await sender.send("u1", message(f"json://{path}")) == AppriseOutcome("BLOCKED", (NO_FILES,))


@pytest.mark.usefixtures("reading_apprise")
async def test_python_and_its_packages_can_be_read(tmp_path: Path) -> None:
    for path in (asyncio.__file__, apprise_sender.__file__, tmp_path / "site-packages" / "apprise" / "__init__.py"):
        assert (await AppriseSender(ConnectionRules()).send("u1", message(f"json://{path}"))).status == "SENT"


@needs_apprise
async def test_names_are_checked_by_the_addresses_that_they_lead_to() -> None:
    async with answering(OK) as server:
        url = message(f"json://localhost:{server.port}")
        assert (await AppriseSender(ConnectionRules()).send("u1", url)).status == "BLOCKED"
        assert (
            await AppriseSender(ConnectionRules((*LOOPBACK, ip_network("::1/128")))).send("u1", url)
        ).status == "SENT"
    assert len(server.seen) == 1
