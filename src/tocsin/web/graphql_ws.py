"""GraphQL over WebSocket (graphql-transport-ws), on top of Strawberry's handler.

A message that violates the protocol closes the connection with 4400; an error in one operation does not affect the
others; a connection does not outlive its token or its account.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

from graphql import GraphQLError
from pymongo.errors import PyMongoError
from starlette.websockets import WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message, SubscribeMessage

from tocsin import telemetry
from tocsin.errors import DatabaseUnavailable, Unauthenticated
from tocsin.graphql.context import Context
from tocsin.graphql.sharing.delivery import DELIVERY, Delivery
from tocsin.web.connections import Connection
from tocsin.web.outlets import OperationOutlet
from tocsin.web.request_parsing import ANONYMOUS_BODY_LIMIT

CLOSE_REASON_BYTES = 123
"""Maximum length of a close reason (RFC 6455 section 5.5)."""
IDLE_SECONDS = 60.0
"""How long a connection may stay open without an active operation."""
_NORMAL = 1000
_MESSAGE_TOO_BIG = 1009
_FORBIDDEN = 4403
_INTERNAL_ERROR = 1011
_TRY_AGAIN_LATER = 1013
log = telemetry.get_logger(__name__)


def close_reason(error: Unauthenticated) -> str:
    """Return the close reason for an error: a code for programs, then a sentence for people."""
    return f"{error.code}: {error}"


class GraphQLWebSocketAdapter(ASGIWebSocketAdapter):
    """Strawberry's socket adapter, with a size limit and tolerant of sockets that are already closed."""

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        """Yield the messages received. Without a valid token, a long message closes the connection with 1009."""
        place: Connection | None = getattr(self.ws.state, "connection", None)
        receive = self.ws.receive_text

        async def receive_bounded() -> str:
            text = await receive()
            if len(text) > ANONYMOUS_BODY_LIMIT and place is not None and not place.is_authenticated:
                await self.close(
                    _MESSAGE_TOO_BIG,
                    f"A message without a valid access token may have at most {ANONYMOUS_BODY_LIMIT} bytes.",
                )
                raise WebSocketDisconnect(_MESSAGE_TOO_BIG)
            return text

        self.ws.receive_text = receive_bounded  # type: ignore[method-assign]
        async for message in super().iter_json(ignore_parsing_errors=ignore_parsing_errors):
            yield message

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message, unless the socket is closed: an operation may emit an event at that moment."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            await super().send_json(message)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket once, with the reason truncated to `CLOSE_REASON_BYTES`."""
        if self.ws.application_state is WebSocketState.CONNECTED:
            short = reason.encode()[:CLOSE_REASON_BYTES].decode(errors="ignore")
            with suppress(RuntimeError, WebSocketDisconnect):  # the client may hang up at the same moment
                await super().close(code, short)


class GraphQLWebSocketHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """The handler of one connection."""

    _expiry_task: "asyncio.Task[None] | None" = None

    async def handle(self) -> None:
        """Serve the connection until it ends. An unexpected error is logged and closes it with 1011."""
        idle = asyncio.create_task(self._close_when_idle())
        try:
            await super().handle()
        except Exception:
            log.exception("a WebSocket connection failed", request_id=self.context.request_id)
            await self.websocket.close(_INTERNAL_ERROR, "Something went wrong inside Tocsin.")
        finally:
            idle.cancel()

    async def handle_message(self, message: Any) -> None:
        """Validate a message, then process it."""
        violation = find_protocol_error(message)
        if violation is not None:
            await self.handle_invalid_message(violation)
            return
        if message.get("payload", message) is None:  # `null` means no payload
            del message["payload"]
        await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Start an operation, or answer with an error if the connection has too many."""
        limit = self.max_subscriptions_per_connection
        if self.connection_acknowledged and message["id"] not in self.operations and len(self.operations) == limit:
            error = {"message": f"This connection already has {limit} active operations; complete one first."}
            payload = [error | {"extensions": {"code": "RATE_LIMITED"}}]
            await self.websocket.send_json({"id": message["id"], "type": "error", "payload": payload})
            return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Execute an operation in its own task. A subscription can send its events to the socket itself."""
        socket = None if self.context.request is None else getattr(self.context.request.state, "socket", None)
        if socket is not None:
            outlet = OperationOutlet(socket, operation.id)
            DELIVERY.set(Delivery(operation.query, operation.operation_name, operation.variables, outlet))
        await super().run_operation(operation)

    async def handle_connection_init(self, message: Any) -> None:
        """Initialise the connection, then watch its token."""
        try:
            await super().handle_connection_init(message)
        except Unauthenticated as error:
            self.context.log_refusal(error.code, str(error))
            await self.websocket.close(_FORBIDDEN, close_reason(error))
            return
        except (PyMongoError, DatabaseUnavailable):
            await self.websocket.close(_TRY_AGAIN_LATER, "The database does not answer. Try again later.")
            return
        if self.connection_acknowledged and self._expiry_task is None and self.context.token is not None:
            self._expiry_task = asyncio.create_task(self._close_on_expiry())

    async def send_message(self, message: Message) -> None:
        """Send a message. The result of an operation that was not executed has no `data`, as over HTTP."""
        if message["type"] == "next":
            payload = message["payload"]
            errors = payload.get("errors")
            if payload["data"] is None and errors and not any("path" in error for error in errors):
                del payload["data"]
        await super().send_message(message)

    async def handle_task_exception(self, error: Exception) -> None:
        """Log an unexpected error. A client that disconnects while an event is sent is not one."""
        if not isinstance(error, WebSocketDisconnected):
            log.error("an operation failed", request_id=self.context.request_id, exc_info=error)

    async def shutdown(self) -> None:
        """Stop everything that the connection started."""
        if self._expiry_task is not None:
            self._expiry_task.cancel()
        await super().shutdown()

    async def _close_when_idle(self) -> None:
        """Close an idle connection with 1000, after which clients reconnect when they need to."""
        idle_since = time.monotonic()
        while (left := idle_since + IDLE_SECONDS - time.monotonic()) > 0:
            await asyncio.sleep(min(left, IDLE_SECONDS / 4))
            if self.operations:
                idle_since = time.monotonic()
        with suppress(Exception):  # the client may hang up at the same moment
            await self.websocket.close(_NORMAL, f"No operation was active for {IDLE_SECONDS:g} seconds.")

    async def _close_on_expiry(self) -> None:
        """Close with 4403 when the token becomes invalid. After 4401 the reference client would not reconnect."""
        reason = await self.context.wait_for_token_end()
        with suppress(Exception):  # the client may hang up at the same moment
            await self.websocket.close(_FORBIDDEN, close_reason(reason))

    @staticmethod
    def _get_pre_execution_close_reason(error: GraphQLError) -> str | None:  # noqa: ARG004
        """Return None: a syntax error is answered with `error`, and other operations continue."""
        return None


def find_protocol_error(message: object) -> str | None:
    """Return how a message violates the protocol, or None if it is valid."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type."
    if message["type"] in {"subscribe", "complete"} and not _is_id(message.get("id")):
        return "The id must be a string of 1 to 200 characters."
    if message["type"] == "subscribe":
        return _find_payload_error(message.get("payload"))
    if not isinstance(message.get("payload"), dict | None):
        return "The payload must be an object."
    return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 200


def _find_payload_error(payload: object) -> str | None:
    if not isinstance(payload, dict) or not isinstance(payload.get("query"), str) or not payload["query"]:
        return "The payload must be an object with a query."
    for name, kind in (("variables", dict), ("operationName", str), ("extensions", dict)):
        if payload.get(name) is not None and not isinstance(payload[name], kind):
            return f"The payload's {name} has the wrong type."
    return None
