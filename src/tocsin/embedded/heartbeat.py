"""Notices a server that runs but has stopped answering.

Only the time during which this process could have heard an answer counts as silence: each round adds a few seconds at
most, so a suspended machine, a paused container or a debugger that holds Tocsin never looks like a hung database. The
server answers a greeting without touching the disk, so a slow disk is none either.

It is asked over a plain connection: the driver's client brings monitors and pools of its own, which would have to be
ended before a dead server may be started again.
"""

import asyncio
import struct
from pathlib import Path

import structlog
from bson import encode

from tocsin.embedded.files import HOST
from tocsin.ending import end_tasks

PATIENCE_SECONDS = 30.0
"""Silence after which the server counts as hung."""
ROUND_SECONDS = 2.0
OP_MSG = 2013

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


async def wait_until_hung(port: int, pid: int) -> float:
    """Waits until the server has been silent for too long; for how many seconds it was."""
    silent, warned, ping = 0.0, False, None
    try:
        while silent < PATIENCE_SECONDS or is_traced(pid):
            ping = ping or asyncio.create_task(_is_answered(port), name="embedded-database-ping")
            silent = await _listen(ping, silent)
            ping = None if ping.done() else ping
            warned = _warn(silent, warned, pid)
    finally:
        await end_tasks(ping)
    return silent


async def _listen(ping: asyncio.Task[bool], silent: float) -> float:
    """One round; the silence after it. An answer ends the silence, however late it comes."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.wait([ping], timeout=ROUND_SECONDS)
    answered = ping.done() and ping.result()
    if ping.done():
        await asyncio.sleep(ROUND_SECONDS - (loop.time() - began))
    return 0.0 if answered else add_silence(silent, loop.time() - began)


def add_silence(silent: float, elapsed: float) -> float:
    """The silence after another round without an answer. A round that took longer was not spent listening."""
    return silent + min(elapsed, 2 * ROUND_SECONDS)


def is_traced(pid: int) -> bool:
    """Tell whether a debugger holds this process. Only Linux tells."""
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
    """`hello`, which every client may ask, as a message of MongoDB's wire protocol (OP_MSG)."""
    body = struct.pack("<IB", 0, 0) + encode({"hello": 1, "$db": "admin"})
    return struct.pack("<iiii", 16 + len(body), 1, 0, OP_MSG) + body


def _warn(silent: float, warned: bool, pid: int) -> bool:
    """Says once that the server is silent; whether that was said of this silence."""
    if silent < PATIENCE_SECONDS / 3 or warned:
        return warned and silent > 0
    log.warning(
        "the embedded database does not answer", pid=pid, silent_s=round(silent), killed_after_s=PATIENCE_SECONDS
    )
    return True
