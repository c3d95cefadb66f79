"""Detection of a server that runs but has stopped responding.

Only time in which this process could have received a response counts as silence: each round adds a few seconds at most,
so a suspended machine, a paused container or a debugger attached to Tocsin never looks like a hung database. Neither
does a slow disk, since the server responds to a greeting without using it.

The greeting is sent over a plain connection: a client of the driver has monitors and pools, which would have to be
closed before a dead server could be restarted.
"""

import asyncio
import struct
from pathlib import Path

import structlog
from bson import encode

from tocsin.cancellation import cancel_and_wait
from tocsin.embedded.data_directory import HOST

HANG_SECONDS = 30.0
"""Seconds of silence after which the server counts as hung."""
ROUND_SECONDS = 2.0
OP_MSG = 2013

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def wait_until_hung(port: int, pid: int) -> float:
    """Wait until the server has been silent for too long, and return the seconds of silence."""
    silent, warned, ping = 0.0, False, None
    try:
        while silent < HANG_SECONDS or is_debugged(pid):
            ping = ping or asyncio.create_task(_is_answered(port), name="embedded-database-ping")
            silent = await _listen(ping, silent)
            ping = None if ping.done() else ping
            warned = _warn(silent, warned, pid)
    finally:
        await cancel_and_wait(ping)
    return silent


async def _listen(ping: asyncio.Task[bool], silent: float) -> float:
    """Listen for one round, and return the silence after it. A response ends the silence, however late it is."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait([ping], timeout=ROUND_SECONDS)
    answered = ping.done() and ping.result()
    if ping.done():
        await asyncio.sleep(ROUND_SECONDS - (loop.time() - began))
    return 0.0 if answered else add_silence(silent, loop.time() - began)


def add_silence(silent: float, elapsed: float) -> float:
    """Add a round without a response to the silence. A round that took longer was not spent listening."""
    return silent + min(elapsed, 2 * ROUND_SECONDS)


def is_debugged(pid: int) -> bool:
    """Tell whether a debugger is attached to this process. Known on Linux only."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False
    tracers = [line.split()[1] for line in status.splitlines() if line.startswith("TracerPid:")]
    return bool(tracers) and tracers[0] != "0"


async def _is_answered(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        writer.write(_greeting())
        return bool(await reader.read(1))
    except OSError:
        return False
    finally:
        writer.close()


def _greeting() -> bytes:
    """Build a `hello`, which needs no authentication, as a message of MongoDB's wire protocol (OP_MSG)."""
    body = struct.pack("<IB", 0, 0) + encode({"hello": 1, "$db": "admin"})
    return struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body


def _warn(silent: float, warned: bool, pid: int) -> bool:
    """Log once that the server is silent, and return whether that was logged for this silence."""
    if silent < HANG_SECONDS / 3 or warned:
        return warned and silent > 0
    log.warning("the embedded database does not answer", pid=pid, silent_s=round(silent), killed_after_s=HANG_SECONDS)
    return True
