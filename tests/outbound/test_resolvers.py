"""Name lookup per owner, and for allowed addresses only."""

import asyncio
import socket
import threading

import pytest
from aiohttp.abc import ResolveResult

from tests.outbound.servers import (
    FixedResolver,
    answering,
    get,
    open_shared_client,
    response,
)
from tocsin.outbound import resolvers

OK = response(body=b"ok")


class Counting(FixedResolver):
    """A resolver that records look-ups."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1")
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.append(host)
        return await super().resolve(host, port, family)


async def test_a_name_that_was_looked_up_is_remembered_for_its_owner_only() -> None:
    resolver = Counting()
    closing = response("200 OK", b"", "Connection: close")
    async with answering(closing) as server, open_shared_client(resolver=resolver) as client:
        for owner in ("alice", "alice", "bob", "alice"):
            await client.request(get(f"http://a.example:{server.port}/"), owner)
    assert len(resolver.asked) == 2


async def test_names_that_never_resolve_hold_up_their_owner_only(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    look_up = resolvers._lookup

    def lookup(host: str, port: int, family: int) -> list[resolvers.AddrInfo]:
        if host.startswith("silent"):
            released.wait(20)
        return look_up("127.0.0.1", port, family)

    monkeypatch.setattr(resolvers, "_lookup", lookup)
    async with answering(OK) as server, open_shared_client() as client:
        names = [f"http://silent{number}.example:{server.port}/" for number in range(resolvers.LOOKUP_THREADS + 1)]
        calls = [asyncio.create_task(client.request(get(name, timeout=0.5), "mallory")) for name in names]
        await asyncio.wait(calls)  # all are cancelled, but their threads are still busy
        again = asyncio.create_task(client.request(get(names[0], timeout=20.0, connect_timeout=20.0), "mallory"))
        assert (await client.request(get(f"http://a.example:{server.port}/"), "alice")).body == "ok"
        assert not again.done()
        released.set()
        assert (await again).body == "ok"
