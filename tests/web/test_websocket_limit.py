"""WebSockets of one client address behind a proxy."""

import json

from starlette.types import Message, Receive, Scope, Send

from tocsin.web.connections import Connection, ConnectionTable
from tocsin.web.websocket_limit import WebSocketLimitMiddleware

PROXY = "127.0.0.9"


async def accept(scope: Scope, receive: Receive, send: Send) -> None:
    """Stand in for an application that accepts each WebSocket."""
    await send({"type": "websocket.accept"})


async def handshake(connection: Connection | None, client: str) -> list[Message]:
    """Return the messages that answer a handshake."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "client": (client, 0),
        "state": {} if connection is None else {"connection": connection},
    }
    await WebSocketLimitMiddleware(accept)(scope, receive, send)
    return sent


async def test_a_client_behind_a_proxy_counts_by_its_own_address() -> None:
    table = ConnectionTable(10, 1, lambda address: address == PROXY)
    connections = [table.open(PROXY, lambda: None) for _ in range(3)]
    first, second, other = (each for each in connections if isinstance(each, Connection))
    assert await handshake(first, "192.0.2.1") == [{"type": "websocket.accept"}]
    start, body = await handshake(second, "192.0.2.1")
    assert (start["status"], json.loads(body["body"])["errors"][0]["extensions"]) == (429, {"code": "RATE_LIMITED"})
    assert await handshake(other, "192.0.2.2") == [{"type": "websocket.accept"}]


async def test_a_direct_connection_was_counted_when_it_was_opened() -> None:
    direct = ConnectionTable(10, 1).open("192.0.2.1", lambda: None)
    assert isinstance(direct, Connection)
    assert await handshake(direct, "192.0.2.1") == [{"type": "websocket.accept"}]
    assert await handshake(None, "192.0.2.1") == [{"type": "websocket.accept"}]
