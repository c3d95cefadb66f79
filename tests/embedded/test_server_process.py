"""Shell scripts simulate what the real program does only on a full disk or because of a bug."""

import asyncio
import sys
from pathlib import Path

import pytest

from tocsin.embedded import server_process
from tocsin.embedded.data_directory import DataPaths
from tocsin.embedded.server_process import ServerProcess, build_command, build_environment


async def script(text: str) -> ServerProcess:
    return await ServerProcess.spawn(["/bin/sh", "-c", text], {"PATH": "/usr/bin:/bin"})


async def test_a_panic_ends_a_server_that_would_go_on_listening() -> None:
    server = await script("echo 'listening on 127.0.0.1:99'; echo 'x [ERROR] WT_PANIC: library panic'; exec sleep 60")
    async with asyncio.timeout(5):
        assert await server.wait_until_listening() == 99
        assert await server.wait_until_ended() == -9
    assert "WT_PANIC" in server.last_lines[-1]


async def test_a_full_disk_ends_the_server_before_it_panics_and_is_remembered() -> None:
    said = "eviction-server: [ERROR]: pwrite: failed to write 4096 bytes at offset 0: No space left on device"
    server = await script(f"echo 'listening on 127.0.0.1:99'; echo '{said}'; seq 1 100; exec sleep 60")
    async with asyncio.timeout(5):
        assert await server.wait_until_ended() == -9
    assert server.is_disk_full


async def test_a_flood_of_output_neither_blocks_it_nor_fills_the_memory() -> None:
    server = await script("head -c 3000000 /dev/zero; echo; seq 1 20000; echo 'listening on 127.0.0.1:98'; exec cat")
    async with asyncio.timeout(10):
        assert await server.wait_until_listening() == 98
        await server.stop()
    assert len(server.last_lines) <= 20
    assert all(len(line) <= server_process.MAX_LINE_LENGTH for line in server.last_lines)


async def test_a_server_that_ends_before_it_listens_has_no_port_and_its_last_output_is_kept() -> None:
    server = await script("printf 'bad luck'; exit 3")
    async with asyncio.timeout(5):
        assert await server.wait_until_listening() is None
        assert await server.wait_until_ended() == 3
    assert list(server.last_lines) == ["bad luck"]


async def test_a_server_that_ignores_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_process, "STOP_SECONDS", 0.2)
    server = await script("trap '' TERM; echo 'listening on 127.0.0.1:97'; while :; do sleep 0.05; done")
    async with asyncio.timeout(5):
        await server.wait_until_listening()
        await server.stop()
        assert await server.wait_until_ended() == -9


@pytest.mark.skipif(sys.platform == "win32", reason="some variables are Windows' own")
def test_the_environment_is_its_own_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_JWT_SECRET", "x" * 32)
    for durability in ("process", "power"):
        assert build_environment(durability).keys() == {*server_process.MEMORY_ENVIRONMENT, "SECANTUS_WT_CONFIG_EXTRA"}


def test_neither_durability_is_the_servers_own_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECANTUS_OPLOG_NONLOGGED", "1")
    calls = {
        durability: build_command(
            Path("program"), DataPaths(tmp_path), port=0, durability=durability, authenticate=True
        )
        for durability in ("process", "power")
    }
    assert "enabled=true" in build_environment("process")["SECANTUS_WT_CONFIG_EXTRA"]
    assert "--sync-on-commit" not in calls["process"]
    assert "--sync-on-commit" in calls["power"]
    assert "transaction_sync" not in build_environment("power")["SECANTUS_WT_CONFIG_EXTRA"]
    assert "SECANTUS_OPLOG_NONLOGGED" not in build_environment("power")
    assert all("--auth" in call for call in calls.values())
