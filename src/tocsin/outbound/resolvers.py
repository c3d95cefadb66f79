"""Name lookup per owner, for allowed addresses only: owners neither see nor wait for the look-ups of others."""

import asyncio
import contextlib
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby, islice, zip_longest
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from tocsin.cancellation import cancel_and_wait
from tocsin.outbound.guard import CONNECTION_CONTEXT, AddressBlocked, ConnectionRules, current_owner
from tocsin.security.ip_addresses import is_address_allowed

LOOKUP_THREADS = 32
LOOKUPS_PER_OWNER = 4
"""Concurrent look-ups of one owner. A name with silent servers blocks a thread for half a minute."""
MAX_ADDRESSES = 4
"""Addresses of a name that a connection is tried to."""
CACHE_SECONDS = 10.0
_MAX_CACHED_NAMES = 1_000
_ADDRCONFIG = getattr(socket, "AI_ADDRCONFIG", 0)
_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
AddrInfo = tuple[Any, ...]


class GuardedResolver(AbstractResolver):
    """A resolver that drops the addresses that may not be called, and all but a few of those that may.

    aiohttp tries one more address each quarter of a second, so a name with hundreds would take as many sockets.
    Raises AddressBlocked if none is left, and PortDenied before any look-up.
    """

    def __init__(self, inner: AbstractResolver, rules: ConnectionRules) -> None:
        self._inner = inner
        self._rules = rules

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host` that may be called. Raises OSError."""
        self._rules.check_port(port)
        begun = time.perf_counter()
        try:
            found = await self._inner.resolve(host, port, family)
        finally:
            if (connecting := CONNECTION_CONTEXT.get()) is not None:
                connecting.dns_seconds += time.perf_counter() - begun
        kept = [result for result in found if is_address_allowed(result["host"], self._rules.allowed_networks)]
        if found and not kept:
            raise AddressBlocked(found[0]["host"])
        if not kept:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return _take_few(kept)

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()


class SystemResolver(AbstractResolver):
    """The system's name lookup, in a thread pool of which each owner may use a few threads."""

    def __init__(self, per_owner: int = LOOKUPS_PER_OWNER) -> None:
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="dns")
        self._slots = _OwnerSlots(per_owner)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError."""
        owner = current_owner()
        await self._slots.acquire(owner)
        looking = self._threads.submit(_lookup, host, port, family)
        looking.add_done_callback(self._slots.make_releaser(owner))  # a cancelled caller leaves its thread busy
        found = await asyncio.wrap_future(looking)
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=family, proto=0, flags=_NUMERIC)
            for family, _, _, _, address in found
        ]

    async def close(self) -> None:
        """Shut the threads down without waiting for look-ups that hang."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class JoiningResolver(AbstractResolver):
    """A resolver for one owner who asks for a few names again and again: while a look-up lasts, others join it.

    So a name whose servers are silent takes one thread, and not one more each time.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner
        self._looking: dict[tuple[str, int, int], asyncio.Task[list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError."""
        key = (host, port, family)
        if (looking := self._looking.get(key)) is None:
            looking = self._looking[key] = asyncio.create_task(self._inner.resolve(host, port, family), name="look-up")
            looking.add_done_callback(lambda _: self._looking.pop(key, None))
        return await asyncio.shield(looking)

    async def close(self) -> None:
        """End the look-ups, and close the inner resolver."""
        await cancel_and_wait(*self._looking.values())
        await self._inner.close()


class CachingResolver(AbstractResolver):
    """A resolver that caches another one's answers for a few seconds, separately for each owner."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner
        self._cached: OrderedDict[tuple[str, str, int], tuple[float, list[ResolveResult]]] = OrderedDict()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of `host`. Raises OSError."""
        key = (current_owner(), host, port)
        if (cached := self._cached.get(key)) is not None and time.monotonic() < cached[0]:
            return cached[1]
        found = await self._inner.resolve(host, port, family)
        self._cached[key] = time.monotonic() + CACHE_SECONDS, found
        self._cached.move_to_end(key)
        if len(self._cached) > _MAX_CACHED_NAMES:
            self._cached.popitem(last=False)
        return found

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()


class _OwnerSlots:
    """A semaphore for each owner."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._semaphores: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    async def acquire(self, owner: str) -> None:
        semaphore = self._semaphores.setdefault(owner, asyncio.Semaphore(self._limit))
        self._users[owner] += 1
        try:
            await semaphore.acquire()
        except BaseException:
            self._leave(owner)
            raise

    def make_releaser(self, owner: str) -> Callable[[Future[Any]], None]:
        """Return a callback that frees the slot, from any thread."""
        loop = asyncio.get_running_loop()

        def release(_: Future[Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._release, owner)

        return release

    def _release(self, owner: str) -> None:
        self._semaphores[owner].release()
        self._leave(owner)

    def _leave(self, owner: str) -> None:
        self._users[owner] -= 1
        if not self._users[owner]:
            del self._users[owner], self._semaphores[owner]


def _take_few(found: Sequence[ResolveResult]) -> list[ResolveResult]:
    """Return the first addresses, by turns of each family."""
    families = [list(group) for _, group in groupby(sorted(found, key=_is_ipv4), key=_is_ipv4)]
    in_turns = (each for turn in zip_longest(*families) for each in turn if each is not None)
    chosen = list(islice(in_turns, MAX_ADDRESSES))
    return [each for each in found if each in chosen]


def _is_ipv4(result: ResolveResult) -> bool:
    return ":" not in result["host"]


def _lookup(host: str, port: int, family: int) -> list[AddrInfo]:
    try:
        return list(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, _ADDRCONFIG))
    except ValueError as error:  # an empty or too long label raises UnicodeError
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from None
