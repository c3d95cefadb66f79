"""GraphQL over HTTP: Strawberry's router, corrected where it departs from the GraphQL-over-HTTP specification or from
good sense.

No body is answered with a stack trace or plain text, none is read beyond its limit, and every fault has a code.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from cross_web import HTTPException, StarletteRequestAdapter
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.websockets import WebSocket
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, process_result
from strawberry.http.ides import get_graphql_ide_html
from strawberry.http.parse_content_type import parse_content_type
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType
from strawberry.types.unset import UNSET, UnsetType

from tocsin import telemetry
from tocsin.errors import Unauthenticated
from tocsin.graphql.context import Context, Services
from tocsin.graphql.schema import schema
from tocsin.web.graphql_ws import TokenBoundHandler, refuse

PATH = "/graphql"
BODY_LIMIT = 1024 * 1024
_MODERN = "application/graphql-response+json"
_LEGACY = "application/json"
_LONGEST_USER_AGENT = 200
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_ALLOWED = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}
_WRONG_TRANSPORT = {
    OperationType.MUTATION: "Send mutations with POST.",
    OperationType.SUBSCRIPTION: "Subscribe over a WebSocket, or take text/event-stream.",
}
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
log = telemetry.logger(__name__)


def graphql_router(services: Callable[[], Services]) -> GraphQLRouter[Context, None]:
    """The router of `/graphql`: POST, GET, WebSocket, server-sent events. `services` is asked at each request."""
    return Router(_context_getter(services))


def playground_html() -> HTMLResponse:
    """Strawberry's page, made to talk to `/graphql`. It loads its scripts from a content network."""
    html = get_graphql_ide_html("graphiql")
    own = 'const fetchURL = window.location.href.split("?")[0];'
    return HTMLResponse(html.replace(own, f'const fetchURL = new URL("{PATH}", window.location.href).href;'))


def _context_getter(services: Callable[[], Services]) -> Callable[[HTTPConnection], Awaitable[Context]]:
    async def context(connection: HTTPConnection) -> Context:
        given = connection.headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        address = connection.client.host if connection.client else ""
        user_agent = connection.headers.get("user-agent", "")[:_LONGEST_USER_AGENT]
        token = bearer(connection.headers.get("authorization"))
        return Context(services(), request_id, token, address, user_agent)

    return context


def bearer(header: object) -> str | None:
    """The token of an `Authorization: Bearer` header (RFC 6750 section 2.1); None for anything else."""
    scheme, _, token = header.strip().partition(" ") if isinstance(header, str) else ("", "", "")
    return token.strip() or None if scheme.lower() == "bearer" else None


class CappedRequest(StarletteRequestAdapter):
    """Reads no more of a body than its limit."""

    async def get_body(self) -> bytes:
        size = 0
        chunks: list[bytes] = []
        async for chunk in self._request.stream():
            size += len(chunk)
            if size > BODY_LIMIT:
                raise HTTPException(413, f"The request's body is longer than {BODY_LIMIT} bytes.")
            chunks.append(chunk)
        return b"".join(chunks)


class Router(GraphQLRouter[Context, None]):
    """The routes of `/graphql`."""

    request_adapter_class = CappedRequest
    graphql_transport_ws_handler_class = TokenBoundHandler

    def __init__(self, context_getter: Callable[[HTTPConnection], Awaitable[Context]]) -> None:
        super().__init__(
            schema,
            path=PATH,
            graphql_ide=None,
            context_getter=context_getter,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL],
            connection_init_wait_timeout=timedelta(seconds=5),
            max_subscriptions_per_connection=100,
            include_in_schema=False,
        )
        methods = ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
        self.add_api_route(PATH, self._wrong_method, methods=methods, include_in_schema=False)

    async def _wrong_method(self) -> Response:
        response = _fault(405, "Use POST, or GET for queries.")
        response.headers["Allow"] = "GET, POST"
        return response

    async def run(self, request: Any, context: Context = UNSET, root_value: None = UNSET) -> Any:
        """Answer one request, or serve one WebSocket connection."""
        if isinstance(request, WebSocket):
            return await super().run(request, context, root_value)
        try:
            response = await self._answer(request, context)
        except HTTPException as fault:
            response = _fault(fault.status_code, fault.reason)
        except Exception:
            log.exception("a request failed", request_id=context.request_id)
            response = _fault(500, "Something went wrong inside Tocsin. The operator finds it in the log.")
        response.headers["X-Request-Id"] = context.request_id
        return response

    async def _answer(self, request: Request, context: Context) -> Response:
        adapter = self.request_adapter_class(request)
        media_type = _negotiated(request.headers.get("accept", ""))
        data = await self.parse_http_body(adapter)
        if isinstance(data, list):
            raise HTTPException(400, "Send one operation at a time.")
        if data.operation_name is not None and not isinstance(data.operation_name, str):
            raise HTTPException(400, "`operationName` must be a string or null.")
        if data.protocol != "http":
            blank = Response(headers=_HEADERS)
            del blank.headers["content-length"]
            result: Any = await self.execute_operation(request, adapter, data, context, None, blank)
            return await self._create_streaming_response(request, result, data.protocol, blank)
        return self._response(await self._execute(request.method, data, context), media_type)

    async def _execute(self, method: str, data: GraphQLRequestData, context: Context) -> ExecutionResult:
        """Execute a query, or with POST a mutation. Raises HTTPException."""
        try:
            return await self.schema.execute(
                data.query,
                variable_values=data.variables,
                context_value=context,
                operation_name=data.operation_name,
                allowed_operation_types=_ALLOWED[method],
            )
        except CannotGetOperationTypeError as error:
            raise HTTPException(400, error.as_http_error_reason()) from error
        except InvalidOperationTypeError as error:
            raise HTTPException(400, _WRONG_TRANSPORT[error.operation_type]) from error

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:  # noqa: ARG002
        """One event of a stream."""
        return _body(result)

    def _response(self, result: ExecutionResult, media_type: str) -> Response:
        """An operation that was not executed is 400 in the modern media type, and 200 in the legacy one."""
        status = 400 if media_type == _MODERN and "data" not in _body(result) else 200
        return Response(self.encode_json(_body(result)), status, _HEADERS, media_type)

    async def parse_http_body(self, request: Any) -> GraphQLRequestData | list[GraphQLRequestData]:
        """The operation. Raises HTTPException."""
        if request.method == "POST":
            content_type, _ = parse_content_type(request.content_type or "")
            if content_type != _LEGACY:
                raise HTTPException(415, "Send the operation as application/json.")
        data = await super().parse_http_body(request)
        if isinstance(data, GraphQLRequestData) and not data.query:
            raise HTTPException(400, "The request has no `query`.")
        return data

    def parse_json(self, data: str | bytes) -> Any:
        """The object in a body or a query parameter. Raises HTTPException."""
        try:
            value = self.decode_json(data)
        except json.JSONDecodeError as error:
            raise HTTPException(400, f"This is not JSON that can be read: {error.msg}.") from error
        if not isinstance(value, dict | list):
            raise HTTPException(400, "The JSON must be an object.")
        return value

    def decode_json(self, data: str | bytes) -> object:
        """JSON of HTTP bodies and WebSocket messages. Raises JSONDecodeError, for whatever reason it cannot be read."""
        try:
            text = data if isinstance(data, str) else data.decode()
            if len(text) > BODY_LIMIT:
                raise ValueError("too long")
            value = json.loads(text, parse_constant=_refuse_constant)
            if "\\ud" in text or "\\uD" in text:  # an escape may be half a surrogate pair, which is no character
                json.dumps(value, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            raise
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None
        except ValueError as error:
            raise json.JSONDecodeError(str(error)[:100], "", 0) from None
        return value

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Take the token from the connection's parameters. A wrong one closes the connection with 4403."""
        params: Mapping[str, object] = context.connection_params or {}
        given = bearer(params.get("authorization", params.get("Authorization")))
        context.token = given or context.token
        if context.token is not None:
            try:
                await context.identity()
            except Unauthenticated as error:
                raise refuse(str(error)) from None
        return await super().on_ws_connect(context)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _body(result: ExecutionResult) -> GraphQLHTTPResponse:
    """Without `data` if the operation was not executed."""
    body = process_result(result)
    if isinstance(result, PreExecutionError) or (body.get("data") is None and not _executed(result)):
        body.pop("data", None)
    return body


def _executed(result: ExecutionResult) -> bool:
    """Whether any error has a path: one that has none came before the execution."""
    return not result.errors or any(error.path is not None for error in result.errors)


def _negotiated(accept: str) -> str:
    """The media type to answer with. Raises HTTPException 406 if the client takes none of ours."""
    wanted = {part.split(";")[0].strip().lower() for part in accept.split(",")} - {""}
    if _MODERN in wanted:
        return _MODERN
    if not wanted or wanted & {_LEGACY, "*/*", "application/*", "text/event-stream", "text/html"}:
        return _LEGACY
    raise HTTPException(406, f"The answer is {_MODERN} or {_LEGACY}.")


def _fault(status: int, message: str) -> Response:
    code = {400: "BAD_USER_INPUT", 500: "INTERNAL"}.get(status, HTTPStatus(status).name)
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    return Response(json.dumps(body), status, _HEADERS, _LEGACY)
