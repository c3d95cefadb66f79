"""The `http` job: as it is given, and as it is shown. Secrets go in and never come out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import strawberry

from tocsin.documents import Doc
from tocsin.errors import InvalidInput
from tocsin.graphql.enums import HttpMethod
from tocsin.graphql.job_interface import Job
from tocsin.graphql.scalars import JSON, Url
from tocsin.jobs.base import Saving
from tocsin.jobs.http import plain_body
from tocsin.jobs.http_input import HttpInput, prepare


@strawberry.type(description="One header of an HTTP message.")
class Header:
    name: str = strawberry.field(description="The header's name.")
    value: str = strawberry.field(description="The header's value; `***` where it is a secret.")


@strawberry.type(description="An HTTP call. An answer of 200 to 299 is success.")
class HttpJob(Job):
    url: Url = strawberry.field(description="What is called.")
    method: HttpMethod = strawberry.field(description="The method of the call.")
    headers: list[Header] = strawberry.field(description="The headers that are no secrets.")
    secret_headers: list[str] = strawberry.field(description="The names of the headers whose values are secrets.")
    body: JSON | None = strawberry.field(description="The body, if it is JSON.")
    body_text: str | None = strawberry.field(description="The body, if it is text.")
    body_form: JSON | None = strawberry.field(description="The body's fields, if it is a form.")
    has_token: bool = strawberry.field(description="Whether a bearer token is sent. The token itself is never shown.")
    connect_timeout: timedelta | None = strawberry.field(
        description="How long connecting may take; null: the server's default."
    )


@strawberry.input(description="An HTTP call. Give at most one of `body`, `bodyText` and `bodyForm`.")
class HttpJobInput:
    url: Url = strawberry.field(description="What to call: an absolute http or https URL.")
    method: HttpMethod = strawberry.field(default=HttpMethod.GET, description="The method of the call.")
    headers: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "An object of names and values, at most 50. Authorization, Cookie and X-Api-Key are kept as secrets. "
            "In an update, null as the value of a secret header keeps what is stored, "
            "unless the URL leads to another server (scheme, host, port): then give it again."
        ),
    )
    secret_headers: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Names of further headers to keep as secrets: stored encrypted, never shown.",
    )
    body: JSON | None = strawberry.field(default=strawberry.UNSET, description="A JSON body, at most 256 KiB.")
    body_text: str | None = strawberry.field(default=strawberry.UNSET, description="A text body, at most 256 KiB.")
    body_form: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="A form body: an object of names and values (or lists of values)."
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Sent as `Authorization: Bearer`. In an update: absent keeps the stored one, an empty text removes it. "
            "When the URL then leads to another server (scheme, host, port), give one or the other."
        ),
    )
    connect_timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET, description="How long connecting may take, at most `PT5M`. Default: the server's."
    )


def http_job(job: Doc) -> HttpJob:
    """A stored HTTP call as it is shown."""
    params = job["params"]
    body = params["body"]
    shown = {kind: plain_body(body) if body and body["kind"] == kind else None for kind in ("json", "text", "form")}
    seconds = params["connect_timeout"]
    return HttpJob(
        kind=job["kind"],
        url=Url(params["url"]),
        method=HttpMethod(params["method"]),
        headers=[Header(name=header["name"], value=header["value"]) for header in params["headers"]],
        secret_headers=[header["name"] for header in params["secret_headers"]],
        body=shown["json"],
        body_text=shown["text"],
        body_form=shown["form"],
        has_token=params["token"] is not None,
        connect_timeout=None if seconds is None else timedelta(seconds=seconds),
    )


def read_http_job(given: HttpJobInput, saving: Saving) -> Doc:
    """The parameters as they are stored. Raises InvalidInput."""
    return prepare(_http_input(given), saving.secrets, saving.owner, saving.previous, saving.rules)


def _http_input(given: HttpJobInput) -> HttpInput:
    timeout = _given(given.connect_timeout)
    return HttpInput(
        url=given.url,
        method=given.method.value,
        headers=_object(given.headers, "headers"),
        secret_header_names=given.secret_headers or (),
        json=_given(given.body),
        text=_given(given.body_text),
        form=_object(given.body_form, "bodyForm"),
        token=_given(given.token),
        connect_timeout=None if timeout is None else timeout.total_seconds(),
    )


def _given(value: Any) -> Any:
    return None if value is strawberry.UNSET else value


def _object(value: Any, name: str) -> Mapping[str, Any] | None:
    value = _given(value)
    if value is not None and not isinstance(value, Mapping):
        raise InvalidInput(f'{name} must be an object, such as {{"name": "value"}}.', name)
    return value
