"""Commands to the server before clients may use it."""

import os
import signal
from pathlib import Path

import pytest

from tests.embedded.servers import count, refused, started
from tocsin.embedded import EmbeddedDatabase, admin_commands, server_process


async def test_a_wrong_password_is_reported_and_deleting_it_sets_a_new_one(data: Path) -> None:
    password = data / "database.password"
    right = password.read_text()
    password.write_text("wrong")
    assert "refuses the password in database.password" in await refused(data)
    password.unlink()
    async with started(data) as server:
        assert password.read_text() not in ("wrong", right)
        assert await count(server.uri) == 3


async def test_a_server_that_hangs_on_its_first_command_is_started_once_more(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, real, seen = EmbeddedDatabase(data), admin_commands.end_sessions, list[int]()

    async def freeze_first(uri: str) -> None:
        assert server.pid is not None
        seen.append(server.pid)
        if len(seen) == 1:
            os.kill(server.pid, signal.SIGSTOP)
        await real(uri)

    monkeypatch.setattr(admin_commands, "end_sessions", freeze_first)
    monkeypatch.setattr(admin_commands, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(server_process, "STOP_SECONDS", 0.2)
    await server.start()
    try:
        assert len(set(seen)) == 2
        assert await count(server.uri) == 3
    finally:
        await server.stop()


async def test_the_instance_id_is_created_once_and_only_on_demand(data: Path) -> None:
    async with started(data) as server:
        async with admin_commands.open_client(server.uri) as client:
            await client.drop_database(admin_commands.DATABASE_NAME)
        assert await admin_commands.fetch_instance_id(server.uri, create=False) is None
        created = await admin_commands.fetch_instance_id(server.uri, create=True)
        assert created
        for create in (True, False):
            assert await admin_commands.fetch_instance_id(server.uri, create=create) == created
