"""Name lookup per owner, and for allowed addresses only."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network

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
from tocsin.outbound.guard import CONNECTION_CONTEXT, AddressBlocked, ConnectionContext, ConnectionRules, PortDenied
from tocsin.outbound.resolvers import CachingResolver, GuardedResolver, SystemResolver

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


@pytest.fixture
def context() -> Iterator[ConnectionContext]:
    """Make the test one of Alice's requests."""
    context = ConnectionContext("alice")
    token = CONNECTION_CONTEXT.set(context)
    yield context
    CONNECTION_CONTEXT.reset(token)


async def test_only_allowed_addresses_of_a_name_are_returned(context: ConnectionContext) -> None:
    rules = ConnectionRules((ip_network("127.0.0.0/8"),), {25})
    resolver = GuardedResolver(FixedResolver("10.0.0.1", "127.0.0.2", "93.184.216.34"), rules)
    assert [found["host"] for found in await resolver.resolve("a.example", 80)] == ["127.0.0.2", "93.184.216.34"]
    assert context.dns_seconds > 0
    with pytest.raises(AddressBlocked, match=r"10\.0\.0\.1 may not be called"):
        await GuardedResolver(FixedResolver("10.0.0.1", "10.0.0.2"), rules).resolve("a.example", 80)
    with pytest.raises(socket.gaierror):
        await GuardedResolver(FixedResolver(), rules).resolve("a.example", 80)


V4, V6 = [f"93.184.216.{number}" for number in range(1, 9)], [f"2606:2800::{number}" for number in range(1, 9)]


@pytest.mark.parametrize(
    ("addresses", "tried"),
    [
        (V4, V4[:4]),
        ([*V4, *V6], [*V4[:2], *V6[:2]]),
        ([*V6, *V4], [*V6[:2], *V4[:2]]),
        ([*V6, V4[0]], [*V6[:3], V4[0]]),
        (V6[:2], V6[:2]),
    ],
    ids=["one family", "IPv4 first", "IPv6 first", "one of a family", "few"],
)
async def test_a_few_addresses_of_each_family_are_tried(addresses: list[str], tried: list[str]) -> None:
    resolver = GuardedResolver(FixedResolver("10.0.0.1", *addresses), ConnectionRules())
    assert [found["host"] for found in await resolver.resolve("a.example", 80)] == tried


async def test_a_denied_port_is_refused_before_any_look_up(context: ConnectionContext) -> None:
    counting = Counting()
    with pytest.raises(PortDenied):
        await GuardedResolver(counting, ConnectionRules(denied_ports={25})).resolve("a.example", 25)
    assert counting.asked == []


async def test_the_cache_forgets_old_answers_and_the_oldest_names(
    context: ConnectionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting()
    cache = CachingResolver(counting)
    monkeypatch.setattr(resolvers, "_MAX_CACHED_NAMES", 2)
    for name in ("a", "b", "a", "c", "a"):
        await cache.resolve(name, 80)
    assert counting.asked == ["a", "b", "c", "a"]  # c took the place of a
    monkeypatch.setattr(resolvers, "CACHE_SECONDS", 0.0)
    for _ in range(2):
        await cache.resolve("d", 80)
    assert counting.asked[4:] == ["d", "d"]


async def test_the_system_knows_this_machine_and_no_impossible_name(context: ConnectionContext) -> None:
    resolver = SystemResolver()
    (found,) = await resolver.resolve("127.0.0.1", 81, socket.AF_INET)
    assert (found["hostname"], found["host"], found["port"], found["family"]) == (
        "127.0.0.1",
        "127.0.0.1",
        81,
        socket.AF_INET,
    )
    with pytest.raises(socket.gaierror):
        await resolver.resolve(f"{'a' * 64}.example", 80)
    await resolver.close()


async def test_a_look_up_without_a_request_is_a_bug() -> None:
    with pytest.raises(RuntimeError, match="No request is under way"):
        await CachingResolver(Counting()).resolve("a", 80)
