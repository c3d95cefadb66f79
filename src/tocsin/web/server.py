"""The server: sockets, the event loop and its tuning, signals, start and stop."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from tocsin import telemetry
from tocsin.config import PREFIX, Settings
from tocsin.errors import StartupError
from tocsin.runtime import Runtime
from tocsin.web.app import create_app
from tocsin.web.connections import MIN_CONNECTIONS, ConnectionTable, spare_descriptors
from tocsin.web.metrics import create_metrics_app
from tocsin.web.protocols import BoundedHttpProtocol, ServerConfig
from tocsin.web.trusted_proxies import network_matcher
from tocsin.web.websocket_protocol import JsonWebSocketProtocol

MAX_DESCRIPTORS = 65_536
"""The limit of file descriptors to request, where the system allows it."""
log = telemetry.get_logger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which would end the process before the engine has released its runs."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Raises StartupError."""
    tune_interpreter()
    with (
        _listen(settings.host, settings.port, "") as listener,
        _listen_metrics(settings) as metrics,
        asyncio.Runner(loop_factory=get_loop_factory()) as runner,
    ):
        runner.run(_serve(settings, listener, metrics))


def _listen_metrics(settings: Settings) -> "contextlib.AbstractContextManager[socket.socket | None]":
    if settings.metrics_port is None:
        return contextlib.nullcontext()
    return _listen(settings.metrics_host, settings.metrics_port, "METRICS_")


def _listen(host: str, port: int, name: str) -> socket.socket:
    """Bind the address, before any part starts: a process that cannot serve must not execute runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio disables Nagle's algorithm only if the protocol is given explicitly.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise StartupError(
            f"Tocsin cannot listen on {host}:{port}: {error.strerror or error}. "
            f"The address is in use or not on this machine; set {PREFIX}{name}HOST and {PREFIX}{name}PORT."
        ) from error
    return listener


async def _serve(settings: Settings, listener: socket.socket, metrics: socket.socket | None) -> None:
    runtime = Runtime(settings, _denied_ports(settings, listener, metrics))
    await runtime.start()
    try:
        gc.collect()
        gc.freeze()
        app = create_app(lambda: runtime.services, settings, runtime.check_health, runtime.refresh_metrics)
        server = _Server(make_uvicorn_config(app, settings))
        _handle_signals(server, runtime)
        host, port = listener.getsockname()[:2]
        log.info(
            "tocsin serves", graphql=f"http://{host}:{port}/graphql", playground=f"http://{host}:{port}/playground"
        )
        async with _serve_metrics(settings, metrics, runtime):
            await server.serve([listener])
    finally:
        await runtime.stop()


def _denied_ports(settings: Settings, listener: socket.socket, metrics: socket.socket | None) -> set[int]:
    ports = set() if settings.allow_self_calls else {listener.getsockname()[1]}
    return ports if metrics is None else {*ports, metrics.getsockname()[1]}


@contextlib.asynccontextmanager
async def _serve_metrics(settings: Settings, metrics: socket.socket | None, runtime: Runtime) -> AsyncIterator[None]:
    if metrics is None:
        yield
        return
    server = _Server(make_uvicorn_config(create_metrics_app(settings, runtime.refresh_metrics), settings))
    serving = asyncio.create_task(server.serve([metrics]), name="metrics")
    host, port = metrics.getsockname()[:2]
    log.info("metrics are served", url=f"http://{host}:{port}/metrics")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def make_uvicorn_config(app: ASGIApp, settings: Settings) -> ServerConfig:
    """Return uvicorn's configuration for the application. The socket is given when serving."""
    most = clamp_connections(
        settings.max_connections, raise_descriptor_limit() - spare_descriptors(settings.max_concurrency)
    )
    return ServerConfig(
        app,
        ConnectionTable(most, settings.connections_per_address, network_matcher(settings.trusted_proxies)),
        http=BoundedHttpProtocol,
        ws=JsonWebSocketProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn trusts the local machine, ours only what TOCSIN_TRUSTED_PROXIES names
        lifespan="off",
        ws_max_size=settings.body_limit,
        ws_per_message_deflate=False,  # shared frames are not compressed; the state of a compressor takes 40 KB each
        timeout_graceful_shutdown=3,
    )


def raise_descriptor_limit() -> int:
    """Raise the limit of open file descriptors as far as allowed, and return the limit."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return MAX_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MAX_DESCRIPTORS if soft == resource.RLIM_INFINITY else soft


def clamp_connections(wanted: int, descriptors: int) -> int:
    """Return `wanted`, or fewer if these descriptors do not suffice, which is logged."""
    possible = max(descriptors, MIN_CONNECTIONS)
    if possible < wanted:
        log.warning(
            "file descriptors limit the connections; raise the limit (ulimit -n)", connections=possible, wanted=wanted
        )
    return min(wanted, possible)


def _handle_signals(server: uvicorn.Server, runtime: Runtime) -> None:
    def stop() -> None:
        log.info("tocsin is stopping")
        server.force_exit = server.should_exit  # the second signal doesn't wait for open connections
        server.should_exit = True
        runtime.drain()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def get_loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    import uvloop

    factory: type[asyncio.AbstractEventLoop] = uvloop.new_event_loop  # type: ignore[assignment]
    return factory


def tune_interpreter() -> None:
    """Tune thread switching and garbage collection for latency. The values were measured on the run path under load.

    The default switch interval lets threads wait 5 ms for each other. Collecting 2,000 young objects pauses the
    process for 2 ms, 50,000 for 40 ms; older generations are collected less often than by default.
    """
    sys.setswitchinterval(0.0001)
    gc.set_threshold(2_000, 20, 20)
