"""WebSocket connections to the API without a client library, message by message."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.graphql.conftest import Api, Caller

PROTOCOL = Subprotocol("graphql-transport-ws")
EVENTS = """subscription($id: ID) { taskEvents(taskId: $id) {
  kind at taskId taskStatus runStatus task { name status } run { status dueAt }
} }"""


class Socket:
    """A WebSocket connection without a client library."""

    def __init__(self, raw: ClientConnection) -> None:
        self._raw = raw

    async def send(self, **message: Any) -> None:
        await self._raw.send(json.dumps(message))

    async def send_raw(self, text: str | bytes) -> None:
        await self._raw.send(text)

    @property
    def close_reason(self) -> str:
        return self._raw.close_reason or ""

    def drop(self) -> None:
        """Disconnect without a closing handshake."""
        self._raw.transport.abort()

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            found: dict[str, Any] = json.loads(await self._raw.recv())
        return found

    async def begin(self, token: str | None) -> None:
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await self.send(type="connection_init", payload=payload)
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, id_: str, query: str = EVENTS, **variables: Any) -> None:
        await self.send(type="subscribe", id=id_, payload={"query": query, "variables": variables})

    async def event(self) -> Any:
        return (await self.receive())["payload"]["data"]["taskEvents"]

    async def close_code(self) -> int | None:
        """Return the code with which the server closes the connection."""
        async with asyncio.timeout(8):
            with suppress(ConnectionClosed):
                async for _ in self._raw:
                    pass
        return self._raw.close_code


@asynccontextmanager
async def open_socket(api: Api, caller: Caller | None = None) -> AsyncIterator[Socket]:
    async with connect(api.ws_url, subprotocols=[PROTOCOL]) as raw:
        socket = Socket(raw)
        if caller is not None:
            await socket.begin(caller.token)
        yield socket
