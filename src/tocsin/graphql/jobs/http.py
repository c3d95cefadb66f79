"""Input and output types of the `http` job. Secrets are write-only."""

from datetime import timedelta

import strawberry

from tocsin.documents import JobDocument
from tocsin.graphql.enums import HttpMethod
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.scalars import JSON, Url
from tocsin.jobs.http.body import restore_body


@strawberry.type(description="A header of an HTTP message.")
class Header:
    name: str = strawberry.field(description="Name of the header.")
    value: str = strawberry.field(description="Value of the header; `***` if it is secret.")


@strawberry.type(description="The expectation that the target of a call reports the end of its work by a callback.")
class CallbackExpectation:
    within: timedelta = strawberry.field(description="Time within which it is expected, from the response on.")


@strawberry.input(
    description=(
        "The expectation that the target of a call reports the end of its work by a callback. A response status from "
        "200 to 299 then only accepts the work; the run is WAITING until the callback."
    )
)
class ExpectCallbackInput:
    within: timedelta = strawberry.field(
        description=(
            "Time within which the callback is expected, from the response on: `PT1S` to `P30D`. Without it, the "
            "attempt fails with `CALLBACK_TIMEOUT`, and is retried by the retry policy."
        )
    )


@strawberry.type(description="An HTTP request. A response status from 200 to 299 counts as success.")
class HttpJob(Job):
    url: Url = strawberry.field(description="URL to call.")
    method: HttpMethod = strawberry.field(description="HTTP method of the request.")
    headers: list[Header] = strawberry.field(description="Headers that are not secret.")
    secret_headers: list[str] = strawberry.field(
        description="Names of the secret headers. Their values are never returned."
    )
    body: JSON | None = strawberry.field(description="JSON body; null if the body is of another kind.")
    body_text: str | None = strawberry.field(description="Text body; null if the body is of another kind.")
    body_form: JSON | None = strawberry.field(
        description="Fields of the form body; null if the body is of another kind."
    )
    has_token: bool = strawberry.field(
        description="True if a bearer token is sent. The token itself is never returned."
    )
    connect_timeout: timedelta | None = strawberry.field(
        description="Maximum time for connecting; null for the default of the server."
    )
    expect_callback: CallbackExpectation | None = strawberry.field(
        description="Callback that ends the run instead of the response; null if none is expected."
    )


@strawberry.input(
    description=(
        "An HTTP request. Set at most one of `body`, `bodyText` and `bodyForm`. Secrets of your account are inserted "
        "when it is sent: `${{ secrets.name }}` in the URL (or as the whole of it), headers, the token and the body."
    )
)
class HttpJobInput:
    url: Url = strawberry.field(description="Absolute `http` or `https` URL to call, or a secret that is one.")
    method: HttpMethod = strawberry.field(default=HttpMethod.GET, description="HTTP method of the request.")
    headers: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Object of header names and values, at most 50, or a list of objects with `name` and `value`, as in "
            "`HttpJob.headers`. `Authorization`, `Cookie` and `X-Api-Key` are stored as secrets, unless they reference "
            "one. In an update, a secret header with the value null keeps its stored value, unless the URL points to "
            "another server (scheme, host, port): then send the value again."
        ),
    )
    secret_headers: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description="Names of further headers to store as secrets: encrypted and never returned.",
    )
    body: JSON | None = strawberry.field(default=strawberry.UNSET, description="JSON body of at most 256 KiB.")
    body_text: str | None = strawberry.field(default=strawberry.UNSET, description="Text body of at most 256 KiB.")
    body_form: JSON | None = strawberry.field(
        default=strawberry.UNSET, description="Form body: an object of field names and values, or lists of values."
    )
    token: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Token to send as `Authorization: Bearer`. In an update, the stored token is kept if this is absent, and "
            "removed if it is an empty string. If the URL then points to another server (scheme, host, port), one of "
            "the two is required: the token or an empty string."
        ),
    )
    connect_timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description="Maximum time for connecting, at most `PT5M`. Default: the default of the server.",
    )
    expect_callback: ExpectCallbackInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Expect a callback of the target, at a URL made for the attempt. The target gets the URL in the header "
            "`Tocsin-Callback-Url`, and in place of `${{ callback.url }}` in the URL, in headers that are not secret "
            "and in the body."
        ),
    )


def to_http_job(job: JobDocument) -> HttpJob:
    """Convert a stored HTTP job."""
    params = job["params"]
    body = params["body"]
    shown = {kind: restore_body(body) if body and body["kind"] == kind else None for kind in ("json", "text", "form")}
    seconds, expected = params["connect_timeout"], params.get("expect_callback")
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
        expect_callback=expected and CallbackExpectation(within=timedelta(seconds=expected["within"])),
    )
