"""The `http` job: call a URL. A 2xx response is success."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from tocsin.documents import ErrorKind, RequestDocument
from tocsin.errors import InvalidInput
from tocsin.input_models import find_faults, has_expression, parse_params
from tocsin.jobs.base import (
    AttemptError,
    ComputeLimitReached,
    ComputeProcessEnded,
    Job,
    JobContext,
    Outcome,
    SaveContext,
)
from tocsin.jobs.http.body import encode_body
from tocsin.jobs.http.call_context import CallContext
from tocsin.jobs.http.callbacks import (
    NEEDS_EXPECTATION,
    OfferedCallback,
    count_placeholders,
    insert_into_body,
    insert_into_text,
    insert_into_url,
)
from tocsin.jobs.http.hints import find_status_hint
from tocsin.jobs.http.input import HttpInput, check_http_input, find_url_refusal, prepare_http_params
from tocsin.jobs.http.masking import SecretMasker
from tocsin.jobs.http.named_secrets import Call, fill_call
from tocsin.jobs.http.params import HttpParams, PlainHeader
from tocsin.jobs.http.result import make_step_result, make_step_result_text
from tocsin.jobs.http.secret_headers import MASKED_IN_LOOP, Header, unseal_headers
from tocsin.jobs.http.secret_references import NO_REFERENCE_RULES, UNBOUND, ReferenceRules
from tocsin.named_secrets.references import find_names
from tocsin.outbound.exchanges import HttpExchange, HttpRequest
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.redirects import SECRET_HEADERS
from tocsin.outbound.responses import MASK
from tocsin.outbound.urls import origin, parse_url
from tocsin.security.secret_box import SecretUnreadable
from tocsin.value_bounds import ValuePath

_NOT_RETRYABLE = frozenset(
    {ErrorKind.BLOCKED_ADDRESS, ErrorKind.BLOCKED_PORT, ErrorKind.BAD_URL, ErrorKind.SECRET_HOST}
)
_LITERAL_ORIGIN = re.compile(r"https?://[^/?#\\@]+[/?#]", re.IGNORECASE)
_PARSED_IN_LOOP = 16 * 1024  # characters of a body that is parsed in the event loop; more in a thread, or a process
_PARSED_IN_THREAD = 256 * 1024
_SECRET_ERROR = AttemptError(
    ErrorKind.SECRET_UNREADABLE,
    "A stored secret of this task cannot be decrypted with the current encryption key.",
    "Set this task's token and secret headers again, or ask the operator to restore TOCSIN_ENCRYPTION_KEY.",
)


class HttpJob(Job[HttpParams]):
    """Calls a URL with the user's headers and body, and with headers that identify retries of the same run."""

    kind = "http"
    Params = HttpParams

    def prepare(self, given: Mapping[str, Any], saving: SaveContext) -> dict[str, Any]:
        """Return the parameters to store: validated, and with secrets sealed. Raises InvalidInput."""
        input_ = parse_params(HttpInput, given)
        return dict(
            prepare_http_params(
                input_,
                saving.secrets,
                saving.owner,
                saving.previous,
                saving.rules,
                saving.callback_marker,
                ReferenceRules(saving.known_secrets, saving.secret_marker),
            )
        )

    def find_faults(self, given: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the faults of parameters that may contain expressions, each with its path."""
        found = find_faults(HttpInput, given)
        expected = given.get("expectCallback") or given.get("expect_callback")
        if not found and expected is None and count_placeholders(given):
            found = [((), NEEDS_EXPECTATION)]
        url = given.get("url")
        if not found and isinstance(url, str) and NO_REFERENCE_RULES.leaves_server_open(url):
            found = [(path, UNBOUND) for path in self.find_secret_paths(given)]
        if found or has_expression(given):
            return found
        try:
            check_http_input(parse_params(HttpInput, given))
        except InvalidInput as error:
            return [(fault.path, fault.message) for fault in error.all_errors]
        return []

    def find_refusals(self, given: Mapping[str, Any], rules: ConnectionRules) -> list[tuple[ValuePath, str]]:
        """Return the URL if the rules never allow it. One with an expression is checked later."""
        url = given.get("url")
        if not isinstance(url, str) or has_expression(url):
            return []
        refusal = find_url_refusal(parse_url(url), rules)
        return [] if refusal is None else [(("url",), refusal)]

    def find_secret_paths(self, given: Mapping[str, Any]) -> list[tuple[str, ...]]:
        """Return the paths of the token and of the secret headers, except those that reference named secrets."""
        headers = given.get("headers")
        named = {
            name.lower()
            for spelling in ("secretHeaders", "secret_headers")
            for name in _strings_in(given.get(spelling))
        }
        found = [
            ("headers", name)
            for name, value in (headers.items() if isinstance(headers, Mapping) else ())
            if value is not None and name.lower() in SECRET_HEADERS | named and not find_names(str(value))
        ]
        token = given.get("token")
        return [*([("token",)] if isinstance(token, str) and not find_names(token) else []), *found]

    def find_secrets_destination(self, given: Mapping[str, Any]) -> object | None:
        """Return the origin: scheme, host and port. None if it depends on an expression."""
        url = given.get("url")
        if not isinstance(url, str):
            return None
        if has_expression(url):  # after the host, as in https://example.com/${{ item }}, it doesn't change the server
            begun = _LITERAL_ORIGIN.match(url.partition("${{")[0])
            url = begun[0] if begun is not None else ""
        parsed = parse_url(url)
        return None if isinstance(parsed, str) else origin(parsed)

    async def run_attempt(self, stored: Mapping[str, Any], context: JobContext) -> Outcome:
        """Make one request, including redirects. The client enforces the timeout and measures the phases."""
        return await self.perform(HttpParams.model_validate(stored), context)

    async def perform(self, params: HttpParams, context: JobContext) -> Outcome:
        """Make the request and return its outcome."""
        outcome = await call_target(params, context)
        is_result = context.is_step and outcome.error is not _SECRET_ERROR
        return await _add_step_result(outcome, context) if is_result else outcome


async def call_target(params: HttpParams, context: CallContext) -> Outcome:
    """Make the request, with its redirects, and return the outcome, in which secrets are masked."""
    try:
        secret = await unseal_headers(params.secret_headers, params.token, context.secrets, context.owner)
    except SecretUnreadable:
        return Outcome(error=_SECRET_ERROR)
    if params.expect_callback is not None and context.callback_url is not None:
        return await _call_for_callback(params, secret, OfferedCallback(context.callback_url), context)
    call = await fill_call(params, secret, context)
    if isinstance(call, AttemptError):
        return Outcome(error=call)
    request = _build_request(call, call.secret, context)
    exchange = await context.http.request(request)
    masked = await _mask_exchange(exchange, call, exchange.cookies)
    return _build_outcome(request, masked, call)


async def _call_for_callback(
    params: HttpParams, secret: list[Header], callback: OfferedCallback, context: CallContext
) -> Outcome:
    """Make the request of a call whose target is to call back. A 2xx response accepts the work."""
    call = await fill_call(_insert_callback_url(params, callback.url), secret, context)
    if isinstance(call, AttemptError):
        return Outcome(error=call)
    request = _build_request(call, [*call.secret, callback.header], context)
    exchange = await context.http.request(request)
    masked = await _mask_exchange(exchange, call, [callback.secret, *exchange.cookies])
    outcome = _build_outcome(request, masked, call)
    if (sent := outcome.request) is not None:
        headers = [(name, callback.hide_in(value)) for name, value in sent["headers"]]
        sent = {"method": sent["method"], "url": callback.hide_in(sent["url"]), "headers": headers}
    within = None
    if outcome.error is None and params.expect_callback is not None:
        within = timedelta(seconds=params.expect_callback.within)
    return replace(outcome, request=sent, callback_within=within)


def _insert_callback_url(params: HttpParams, url: str) -> HttpParams:
    marker = None if params.expect_callback is None else params.expect_callback.marker
    headers = [PlainHeader(name=one.name, value=insert_into_text(one.value, url, marker)) for one in params.headers]
    filled = {"url": insert_into_url(params.url, url, marker), "body": insert_into_body(params.body, url, marker)}
    return params.model_copy(update={**filled, "headers": headers})


async def _add_step_result(outcome: Outcome, context: JobContext) -> Outcome:
    """Return the outcome with the result for later steps. A large body is parsed outside of the event loop."""
    size = len(outcome.response_body or "")
    if size <= _PARSED_IN_LOOP or outcome.error is not None:
        return replace(outcome, result=make_step_result(outcome))
    if size <= _PARSED_IN_THREAD:
        return replace(outcome, result=await asyncio.to_thread(make_step_result, outcome))
    given = outcome.status_code, outcome.response_headers, outcome.response_body, outcome.response_truncated
    try:
        return replace(outcome, result=await context.compute(make_step_result_text, *given, owner=context.owner))
    except ComputeLimitReached as reached:
        return Outcome.failed(f"The response could not be parsed. {reached}", reached.hint)
    except ComputeProcessEnded as ended:
        return Outcome.failed(f"The response could not be parsed. {ended}", retryable=True)


def _strings_in(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list | tuple) else []


def _build_request(call: Call, secret: list[Header], context: CallContext) -> HttpRequest:
    stored = call.params
    headers = [(header.name, header.value) for header in stored.headers]
    headers += secret
    content_type, body = encode_body(stored.body)
    if content_type is not None and "content-type" not in {name.lower() for name, _ in headers}:
        headers.append(("Content-Type", content_type))
    headers += [
        ("Idempotency-Key", context.run_id),
        ("X-Tocsin-Due-At", context.due_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
        ("X-Tocsin-Attempt", str(context.attempt)),
    ]
    return HttpRequest(
        stored.method,
        stored.url,
        context.timeout,
        headers,
        body,
        frozenset(name.lower() for name, _ in secret),
        stored.connect_timeout,
        named_secrets=call.hosts,
    )


async def _mask_exchange(exchange: HttpExchange, call: Call, more: Sequence[Header]) -> HttpExchange:
    """Mask the secrets that the target echoed, and named ones in what was sent: they may be part of the host."""
    secret, masks_sent = [*call.secret, *call.echoes, *more], bool(call.echoes)
    if not secret:
        return exchange
    if len(exchange.body or "") + sum(len(value) for _, value in secret) <= MASKED_IN_LOOP:
        return _mask_now(exchange, secret, masks_sent=masks_sent)
    return await asyncio.to_thread(_mask_now, exchange, secret, masks_sent=masks_sent)


def _mask_now(exchange: HttpExchange, secret: list[Header], *, masks_sent: bool) -> HttpExchange:
    masker = SecretMasker(secret)
    body, failure, sent = exchange.body, exchange.failure, list(exchange.request_headers)
    cut = exchange.truncated or failure is not None
    return replace(
        exchange,
        headers=_mask_headers(exchange.headers, masker),
        request_headers=_mask_headers(sent, masker) if masks_sent else sent,
        body=None if body is None else masker.mask(body, cut=cut),
        failure=None if failure is None else replace(failure, message=masker.mask(failure.message)),
    )


def _mask_headers(headers: list[Header], masker: SecretMasker) -> list[Header]:
    joined = "\n".join(text for header in headers for text in header)
    if masker.mask(joined) == joined:  # one search for all headers
        return headers
    return [(masker.mask(name), masker.mask(value)) for name, value in headers]


def _build_outcome(request: HttpRequest, exchange: HttpExchange, call: Call) -> Outcome:
    status = exchange.status or 0
    may_ask_to_wait = status in {429, 503} or 300 <= status < 400  # RFC 9110 section 10.2.3
    return Outcome(
        error=_find_error(exchange),
        request=_record_request(request, exchange, call),
        status_code=exchange.status,
        response_headers=exchange.headers,
        response_body=exchange.body,
        response_truncated=exchange.truncated,
        redirects=exchange.redirects,
        timings=exchange.timings,
        retry_after=exchange.retry_after if may_ask_to_wait else None,
    )


def _record_request(request: HttpRequest, exchange: HttpExchange, call: Call) -> RequestDocument:
    hidden = request.secret_names | SECRET_HEADERS
    sent = exchange.request_headers or request.headers
    shown = {**dict.fromkeys(hidden, MASK), **call.shown_headers}
    headers = [(name, shown.get(name.lower(), value)) for name, value in sent]
    return {"method": request.method, "url": call.shown_url, "headers": headers}


def _find_error(exchange: HttpExchange) -> AttemptError | None:
    if (failure := exchange.failure) is not None:
        return AttemptError(failure.kind, failure.message, failure.hint, failure.kind not in _NOT_RETRYABLE)
    status = exchange.status or 0
    if 200 <= status < 300:
        return None
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    message = f"The server answered {status} {phrase}".rstrip() + "; only 200 to 299 is success."
    has_location = any(name.lower() == "location" for name, _ in exchange.headers)
    return AttemptError(ErrorKind.HTTP_STATUS, message, find_status_hint(status, has_location=has_location))
