"""GraphQL over HTTP: Strawberry's router, made to follow the GraphQL-over-HTTP specification.

No answer is a stack trace or plain text, no body is read beyond its limit, and every error has a code.
"""

import math
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from cross_web import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.streaming import SSETransport
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from tocsin import telemetry
from tocsin.config import Settings
from tocsin.errors import RateLimited
from tocsin.graphql.accounts.refresh_cookies import RefreshCookie
from tocsin.graphql.context import Context, Services
from tocsin.graphql.encoding import encode_json
from tocsin.graphql.limits.admission import charge_refusal, check_rate_limit
from tocsin.graphql.limits.document_cache import find_operation
from tocsin.graphql.schema import schema
from tocsin.graphql.sharing.delivery import DELIVERY, Delivery
from tocsin.web.connections import Connection
from tocsin.web.error_responses import INTERNAL_MESSAGE, RequestRefused, error_response
from tocsin.web.graphql_responses import response_body, response_headers, response_status
from tocsin.web.graphql_ws import GraphQLWebSocketAdapter, GraphQLWebSocketHandler
from tocsin.web.negotiation import LEGACY_MEDIA_TYPE, AcceptedFormats, negotiate
from tocsin.web.outlets import StreamOutlet
from tocsin.web.protocols import BoundedHttpProtocol
from tocsin.web.request_parsing import LimitedRequest, decode_json, read_operation

GRAPHQL_PATH = "/graphql"
CONNECTION_INIT_TIMEOUT = timedelta(seconds=5)
"""Maximum time from opening a WebSocket until its connection_init."""
MAX_OPERATIONS_PER_SOCKET = 100
"""Maximum operations that are active at the same time on one WebSocket."""
KEEP_ALIVE_SECONDS = 15.0
"""Interval between comments in an event stream, so that no proxy closes it as idle."""
_MAX_USER_AGENT_LENGTH = 200
_CURSOR: ContextVar[str | None] = ContextVar("event_cursor", default=None)
"""The cursor of the event that the current task is about to send."""
_ALLOWED_OPERATIONS = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}
log = telemetry.get_logger(__name__)


class EventStream(SSETransport):
    """Strawberry's server-sent events, with our interval between keep-alive comments, and cursors as IDs."""

    def __init__(self) -> None:
        super().__init__(KEEP_ALIVE_SECONDS)

    def encode_next(self, response: GraphQLHTTPResponse, encode_json: Callable[[object], str]) -> str:
        """Return an event, with the cursor of what it tells of."""
        event, cursor = super().encode_next(response, encode_json), _CURSOR.get()
        return event if cursor is None else f"id: {cursor}\r\n{event}"


class StrictGraphQLRouter(GraphQLRouter[Context, None]):
    """The routes of `/graphql`: POST, GET, WebSocket, server-sent events. `services` is called for each request."""

    graphql_transport_ws_handler_class = GraphQLWebSocketHandler
    websocket_adapter_class = GraphQLWebSocketAdapter
    stream_transport_classes_by_protocol = {GRAPHQL_SSE_PROTOCOL: EventStream}

    def __init__(self, services: Callable[[], Services], settings: Settings) -> None:
        self._services = services
        self._limit, self._max_tokens = settings.body_limit, settings.max_document_tokens
        super().__init__(
            schema,
            path=GRAPHQL_PATH,
            graphql_ide=None,
            context_getter=self._make_context,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=CONNECTION_INIT_TIMEOUT,
            max_subscriptions_per_connection=MAX_OPERATIONS_PER_SOCKET,
            allowed_origins=settings.cors_origins,
            include_in_schema=False,
        )

    async def serve_post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a POST request like the route for it, but without FastAPI's routing and resolution of dependencies."""
        request = Request(scope, receive, send)
        context = await self._make_context(request)
        context.request = request
        response = await self.run(request, context)
        await response(scope, receive, send)

    async def answer_page(self, request: Request, cookie: RefreshCookie) -> Response:
        """Answer a page of Tocsin, whose refresh token is in a cookie."""
        context = await self._make_context(request)
        context.request, context.refresh_cookie = request, cookie
        response: Response = await self.run(request, context)
        return response

    async def _make_context(self, connection: HTTPConnection) -> Context:
        address = connection.client.host if connection.client else ""
        user_agent = connection.headers.get("user-agent", "")[:_MAX_USER_AGENT_LENGTH]
        token = _parse_bearer(connection.headers.get("authorization"))
        place: Connection | None = getattr(connection.state, "connection", None)
        on_known = place.mark_authenticated if place is not None else None
        # A WebSocket has many subscriptions, so that a header would say nothing about any of them.
        last_event_id = connection.headers.get("last-event-id") if connection.scope["type"] == "http" else None
        return Context(
            self._services(), connection.state.request_id, token, address, user_agent, on_known, last_event_id or None
        )

    async def run(self, request: Any, context: Context = UNSET, root_value: None = UNSET) -> Any:
        """Answer one request, or serve one WebSocket connection."""
        if isinstance(request, WebSocket):
            return await super().run(request, context, root_value)
        media_type = LEGACY_MEDIA_TYPE
        try:
            wanted = negotiate(",".join(request.headers.getlist("accept")))
            media_type = wanted.media_type or LEGACY_MEDIA_TYPE
            return await self._answer(request, context, wanted)
        except HTTPException as refused:
            headers = refused.headers if isinstance(refused, RequestRefused) else None
            return error_response(refused.status_code, refused.reason, headers, media_type)
        except RateLimited as refused:
            seconds = str(math.ceil(refused.retry_after))
            return error_response(429, refused.message, {"Retry-After": seconds}, media_type)
        except ClientDisconnect:
            return error_response(400, "The connection was closed before the request was complete.")
        except Exception:
            log.exception("a request failed", request_id=context.request_id)
            return error_response(500, INTERNAL_MESSAGE, media_type=media_type)

    async def _answer(self, request: Request, context: Context, wanted: AcceptedFormats) -> Response:
        """Execute the operation of a request. A subscription is streamed, anything else if the client prefers that."""
        data = await read_operation(request, context, self._limit)
        if wanted.prefers_stream or wanted.media_type is None:
            return await self._stream(request, data, context)
        try:
            result = await self.schema.execute(
                data.query,
                variable_values=data.variables,
                context_value=context,
                operation_name=data.operation_name,
                allowed_operation_types=_ALLOWED_OPERATIONS[request.method],
            )
        except CannotGetOperationTypeError as error:
            raise HTTPException(400, error.as_http_error_reason()) from error
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION and wanted.accepts_stream:
                return await self._stream(request, data, context)
            raise _wrong_transport(error.operation_type) from error
        status = response_status(result, wanted.media_type)
        return Response(encode_json(response_body(result)), status, response_headers(result), wanted.media_type)

    async def _stream(self, request: Request, data: GraphQLRequestData, context: Context) -> Response:
        """Answer with server-sent events. Errors in the document are sent as an event, as graphql-sse requires."""
        if request.method == "GET" and await check_rate_limit(context) is None:  # else the stream refuses the caller
            await _refuse_mutation(data, context, self._max_tokens)
        data.protocol = "sse"
        blank = Response()
        del blank.headers["content-length"]
        adapter = LimitedRequest(request, self._limit)
        result: Any = await self.execute_operation(request, adapter, data, context, None, blank)
        delivered: Any = _deliver(request, data, result, context)
        return await self._create_streaming_response(request, delivered, data.protocol, blank)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:  # noqa: ARG002
        """Return the payload of one event of a stream."""
        return response_body(result)

    def decode_json(self, data: str | bytes) -> object:
        """Decode the JSON of WebSocket messages. Raises JSONDecodeError."""
        return decode_json(data, self._limit)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Take the token from the connection's parameters. Raises Unauthenticated, which closes the connection."""
        params: Mapping[str, object] = context.connection_params or {}
        token = _parse_bearer(params.get("authorization", params.get("Authorization")))
        context.token = token or context.token
        if context.token is not None:
            await context.authenticate()
        return await super().on_ws_connect(context)


async def _deliver(
    request: Request, data: GraphQLRequestData, results: Any, context: Context
) -> AsyncGenerator[Any, None]:
    """Yield the results of an operation. A subscription can send its events to the stream itself."""
    http: BoundedHttpProtocol | None = getattr(request.state, "http", None)
    response = None if http is None else http.find_stream()
    if http is not None and response is not None:
        DELIVERY.set(Delivery(data.query or "", data.operation_name, data.variables, StreamOutlet(http, response)))
    async with aclosing(results):
        async for result in results:
            _CURSOR.set(context.event_cursor)
            yield result


def _parse_bearer(header: object) -> str | None:
    """Return the token of an `Authorization: Bearer` header (RFC 6750 section 2.1), None for anything else."""
    scheme, _, token = header.strip().partition(" ") if isinstance(header, str) else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None


async def _refuse_mutation(data: GraphQLRequestData, context: Context, max_tokens: int) -> None:
    """Reject a mutation by GET before a stream begins, when a status can still be sent. Raises RequestRefused (405)."""
    operation = await find_operation(data.query or "", data.operation_name, max_tokens)
    if operation is not None and operation.operation.value == "mutation":
        await charge_refusal(context)
        raise _wrong_transport(OperationType.MUTATION)


def _wrong_transport(operation: OperationType) -> RequestRefused:
    """Return the error for an operation that is not allowed over this transport."""
    if operation is OperationType.SUBSCRIPTION:
        return RequestRefused(400, "Subscribe over a WebSocket, or accept text/event-stream.")
    return RequestRefused(405, "Send mutations with POST.", Allow="POST")
