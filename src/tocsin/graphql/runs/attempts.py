"""Output types of attempts and their errors."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import strawberry

from tocsin.clock import MILLISECOND
from tocsin.documents import (
    AttemptDocument,
    AttemptOutcome,
    CallbackDocument,
    CallbackStatus,
    ErrorDocument,
    ErrorKind,
    RequestDocument,
)
from tocsin.graphql.context import Info
from tocsin.graphql.jobs.http import Header
from tocsin.graphql.scalars import Url


@strawberry.type(description="The error with which a run or an attempt failed.")
class RunError:
    kind: ErrorKind = strawberry.field(description="Machine-readable kind of the error.")
    message: str = strawberry.field(description="Description of the error for people.")
    hint: str | None = strawberry.field(description="Advice on how to fix it; null if there is none.")


@strawberry.type(description="An HTTP request that was sent.")
class AttemptRequest:
    method: str = strawberry.field(description="HTTP method.")
    url: Url = strawberry.field(description="URL of the first request. Redirects may have led elsewhere.")
    headers: list[Header] = strawberry.field(description="Headers as sent, with secret values replaced by `***`.")


@strawberry.type(description="A breakdown of the duration of an attempt, in milliseconds.")
class AttemptTimings:
    dns: float | None = strawberry.field(
        description="Milliseconds spent resolving the host name; null if no lookup was needed."
    )
    connect: float | None = strawberry.field(
        description="Milliseconds spent connecting, including TLS; null if a connection was reused."
    )
    first_byte: float | None = strawberry.field(
        description="Milliseconds from the start to the first byte of the response."
    )
    total: float | None = strawberry.field(description="Milliseconds from the start to the end.")


@strawberry.type(description="The callback by which the target of an attempt reported the end of its work.")
class Callback:
    received_at: datetime = strawberry.field(description="Time at which it was received.")
    status: CallbackStatus = strawberry.field(description="Outcome that the target reported.")
    message: str | None = strawberry.field(
        description="Message of the target, at most 1000 characters; null if it gave none."
    )


@strawberry.type(description="An attempt to execute a run.")
class Attempt:
    document: strawberry.Private[AttemptDocument]
    run_id: strawberry.Private[str]
    number: int = strawberry.field(description="Number of the attempt within its run, from 1.")
    started_at: datetime = strawberry.field(description="Time at which the attempt started.")
    finished_at: datetime | None = strawberry.field(
        description="Time at which the attempt ended; null while it is in progress."
    )
    worker: str = strawberry.field(description="Name of the process that made the attempt.")
    outcome: AttemptOutcome | None = strawberry.field(
        description="Outcome of the attempt; null while it is in progress."
    )
    status_code: int | None = strawberry.field(description="HTTP status of the response; null without a response.")
    response_truncated: bool = strawberry.field(
        description="True if the response was longer than the part that is stored."
    )
    redirects: int = strawberry.field(description="Number of redirects followed.")
    error: RunError | None = strawberry.field(
        description="Error of the attempt; null while it is in progress and if it succeeded."
    )

    accepted_at: datetime | None = strawberry.field(
        description="Time of the response after which a callback was expected; null if none was."
    )
    callback: Callback | None = strawberry.field(description="Callback of the target; null if there was none.")

    @strawberry.field(description="Duration in milliseconds; null while the attempt is in progress.")
    def duration_ms(self) -> int | None:
        return None if self.finished_at is None else max(0, (self.finished_at - self.started_at) // MILLISECOND)

    @strawberry.field(description="Request that was sent; null if none was.")
    def request(self) -> AttemptRequest | None:
        return to_request(self.document.get("request"))

    @strawberry.field(
        description="Headers of the response in their original order, at most 16 kB, with cookies replaced by `***`."
    )
    def response_headers(self) -> list[Header]:
        return to_headers(self.document.get("response_headers") or [])

    @strawberry.field(description="Stored part of the response body, as text; null if there was none.")
    async def response_body(self, info: Info) -> str | None:
        if not self.document.get("has_body"):
            return None
        return await info.context.services.loaders.load_response_body(self.run_id, self.number)

    @strawberry.field(
        description="Breakdown of the duration; null while the attempt is in progress and if nothing was sent."
    )
    def timings(self) -> AttemptTimings | None:
        return to_timings(self.document.get("timings"))


def to_attempt(run_id: str, attempt: AttemptDocument) -> Attempt:
    """Convert a stored attempt of this run."""
    outcome = attempt.get("outcome")
    return Attempt(
        document=attempt,
        run_id=run_id,
        number=attempt["number"],
        started_at=attempt["started_at"],
        finished_at=attempt.get("finished_at"),
        worker=attempt["worker"],
        outcome=outcome and AttemptOutcome(outcome),
        status_code=attempt.get("status_code"),
        response_truncated=bool(attempt.get("response_truncated")),
        redirects=attempt.get("redirects") or 0,
        error=to_run_error(attempt.get("error")),
        accepted_at=attempt.get("accepted_at"),
        callback=_to_callback(attempt.get("callback")),
    )


def to_run_error(error: ErrorDocument | None) -> RunError | None:
    """Convert a stored error."""
    if not error:
        return None
    return RunError(kind=ErrorKind(error["kind"]), message=error["message"], hint=error["hint"])


def _to_callback(callback: CallbackDocument | None) -> Callback | None:
    if callback is None:
        return None
    status = CallbackStatus(callback["status"])
    return Callback(received_at=callback["received_at"], status=status, message=callback["message"])


def to_request(sent: RequestDocument | None) -> AttemptRequest | None:
    """Convert a recorded request; None if none was sent."""
    if not sent:
        return None
    return AttemptRequest(method=sent["method"], url=Url(sent["url"]), headers=to_headers(sent["headers"]))


def to_timings(timings: Mapping[str, float] | None) -> AttemptTimings | None:
    """Convert measured timings; None if there are none."""
    if not timings:
        return None
    names = ("dns", "connect", "first_byte", "total")
    return AttemptTimings(**{name: timings.get(name) for name in names})


def to_headers(pairs: Iterable[Sequence[str]]) -> list[Header]:
    """Convert headers."""
    return [Header(name=name, value=value) for name, value in pairs]
