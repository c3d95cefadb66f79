"""The interface of a job: the context of an attempt, its outcome, and the base class."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel

from tocsin.compute.limits import ComputeLimitReached, ComputeLimits, ComputeProcessEnded
from tocsin.compute.progress import ignore_progress, report_progress
from tocsin.documents import ErrorKind, RequestDocument
from tocsin.errors import InvalidInput
from tocsin.input_models import ParamsModel, find_faults, has_expression, parse_params, remove_path
from tocsin.jobs.extras import explain_missing
from tocsin.jobs.file_storage import RunFiles
from tocsin.jobs.reports.run_history import RunsQuery
from tocsin.named_secrets.store import KnownSecrets, OpenSecrets, open_none
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.mail_transport import MailTransport
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.security.secret_box import SecretBox
from tocsin.value_bounds import ValuePath

__all__ = [
    "AttemptError",
    "ComputeLimitReached",
    "ComputeLimits",
    "ComputeProcessEnded",
    "ErrorKind",
    "Job",
    "JobContext",
    "Outcome",
    "ParamsModel",
    "SaveContext",
    "report_progress",
]

Answer = TypeVar("Answer")
P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class AttemptError:
    """The reason why an attempt failed, for the task's owner: a message, a hint, and whether to retry."""

    kind: ErrorKind
    message: str
    hint: str | None = None
    retryable: bool = True


@dataclass(slots=True)  # not frozen: every attempt makes one, in a quarter of the time
class Outcome:
    """The outcome of an attempt, which succeeded unless there is an `error`. Every field can be stored unchanged.

    `timings` are in milliseconds. `retry_after` is the delay that the target asked for. `result` is the JSON value that
    later steps of a workflow see. `callback_within` is the time within which the target is to call back: only its
    callback ends the attempt.
    """

    error: AttemptError | None = None
    result: Any = None
    request: RequestDocument | None = None
    status_code: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    response_body: str | None = None
    response_truncated: bool = False
    redirects: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    retry_after: timedelta | None = None
    callback_within: timedelta | None = None

    @classmethod
    def failed(
        cls, message: str, hint: str | None = None, kind: ErrorKind = ErrorKind.JOB, *, retryable: bool = False
    ) -> "Outcome":
        """Return a failed outcome. Set `retryable` if another attempt may succeed."""
        return cls(error=AttemptError(kind, message, hint, retryable))


class Compute(Protocol):
    """Runs a module-level function with picklable arguments in a separate process."""

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",
        limits: ComputeLimits | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_progress: Callable[[int, int, str | None], None] = ignore_progress,
    ) -> Answer:
        """Return what the function returns, or raise what it raises. Cancelling the caller ends the process.

        Jobs pass the function and its arguments only: the owner is that of the attempt, and what the function tells by
        `report_progress` is its progress. `on_begin` is called when the work begins. Raises ComputeLimitReached, or
        ComputeProcessEnded if another try may succeed.
        """
        ...


class TellProgress(Protocol):
    """Tells how far an attempt is, for people who look at its run meanwhile."""

    def __call__(self, done: int, all: int, text: str | None = None) -> None:
        """Tell that `done` of `all` parts are done, and what is done now, in at most 200 characters."""
        ...


class _AttemptCompute:
    """Runs computations of an attempt and stops its timeout until the work begins."""

    def __init__(self, context: "JobContext", limit: asyncio.Timeout) -> None:
        self._context, self._limit = context, limit

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",  # noqa: ARG002  # always the owner of the attempt
        limits: ComputeLimits | None = None,
        on_begin: Callable[[], None] = lambda: None,
        on_progress: Callable[[int, int, str | None], None] = ignore_progress,  # noqa: ARG002  # always the attempt's
    ) -> Answer:
        now = asyncio.get_running_loop().time
        left = (self._limit.when() or now()) - now()
        self._limit.reschedule(None)

        def begin() -> None:
            self._limit.reschedule(now() + left)
            waiting.discard(run_id)
            on_begin()

        waiting, run_id = self._context.awaiting_compute, self._context.run_id
        waiting.add(run_id)
        try:
            return await self._context.compute(
                function,
                *args,
                owner=self._context.owner,
                limits=limits,
                on_begin=begin,
                on_progress=self._context.progress,
            )
        finally:
            waiting.discard(run_id)


@dataclass(slots=True)  # not frozen: every attempt makes one, in a quarter of the time
class JobContext:
    """The facts and services of one attempt.

    `timeout` is in seconds and covers the whole attempt, except for waiting until `compute` begins.

    Use `compute` for CPU-bound work, so that it doesn't block the event loop. `is_step` is true if later steps of a
    workflow can use the result. `awaiting_compute` has the ids of the runs that wait for a compute process.
    `callback_url` is for the target of this attempt, if a callback is expected: a secret. `progress` tells how far the
    attempt is. Call it as often as you like: what is told within a second is stored once. `open_secrets` opens named
    secrets of the owner.
    """

    run_id: str
    owner: str
    due_at: datetime
    attempt: int
    timeout: float
    secrets: SecretBox
    http: OwnerHttpClient
    compute: Compute
    mail: MailTransport
    files: RunFiles
    run_history: RunsQuery
    recipient_policy: str = "owner"
    is_step: bool = False
    awaiting_compute: set[str] = field(default_factory=set)
    callback_url: str | None = field(default=None, repr=False)
    progress: TellProgress = ignore_progress
    open_secrets: OpenSecrets = field(default=open_none, repr=False)


@dataclass(frozen=True, slots=True)
class SaveContext:
    """The context in which a user's parameters are saved. `previous` is what was stored before.

    Targets that `rules` never allow are refused, and so are addresses that `recipient_rules` never allow. Without these
    rules, the attempt fails instead. `known_secrets` are the owner's secrets; None if references to
    them are not checked. In evaluated parameters of a step, `callback_marker` stands for the callback URL
    and `secret_marker` for references to secrets.
    """

    owner: str
    secrets: SecretBox
    rules: ConnectionRules | None = None
    previous: Mapping[str, Any] | None = None
    recipient_rules: RecipientRules | None = None
    callback_marker: str | None = None
    known_secrets: KnownSecrets | None = None
    secret_marker: str | None = None


class Job(ABC, Generic[P]):
    """The code for one kind of work: its parameters, and how to make an attempt.

    `kind` is its name in the API and in workflows, such as `polygonArea`. `Params` is the model of its stored
    parameters; users write the same, unless `prepare` converts it.
    """

    kind: ClassVar[str]
    Params: type[P]

    def prepare(self, given: Mapping[str, Any], saving: SaveContext) -> dict[str, Any]:  # noqa: ARG002  # some need it
        """Return the parameters to store for what a user wrote. Raises InvalidInput with the path."""
        return parse_params(self.Params, given).model_dump(mode="json", by_alias=True, exclude_unset=True)

    def find_faults(self, given: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:
        """Return the faults of parameters that may contain expressions, each with its path."""
        return find_faults(self.Params, given)

    def find_refusals(self, given: Mapping[str, Any], rules: ConnectionRules) -> list[tuple[ValuePath, str]]:  # noqa: ARG002  # most call nothing
        """Return the targets that these rules never allow. Expressions are checked once they are evaluated."""
        return []

    def find_recipients(self, given: Mapping[str, Any]) -> list[tuple[ValuePath, str]]:  # noqa: ARG002  # most write to nobody
        """Return the addresses that the job sends mail to, with their paths. Expressions are left out."""
        return []

    def find_secret_paths(self, given: Mapping[str, Any]) -> list[tuple[str, ...]]:  # noqa: ARG002  # most have none
        """Return the paths of strings that must be stored encrypted."""
        return []

    def find_secrets_destination(self, given: Mapping[str, Any]) -> object | None:
        """Return what determines where the secrets are sent: a stored secret is kept only while this stays equal.

        None if it depends on an expression. The default is all other parameters.
        """
        others = given
        for path in self.find_secret_paths(given):
            others = remove_path(others, path)
        return None if has_expression(others) else others

    def find_missing_extra(self, given: Mapping[str, Any]) -> str | None:  # noqa: ARG002  # most need none
        """Return the extra of Tocsin that these parameters need and this server lacks."""
        return None

    def preload(self) -> None:
        """Load what computations of this job share. Called once, in the process that forks the others."""

    async def run_attempt(self, stored: Mapping[str, Any], context: JobContext) -> Outcome:
        """Make one attempt within its timeout. Failures are outcomes; an exception is a bug in the job."""
        if (extra := self.find_missing_extra(stored)) is not None:  # saved while it was installed, or on another server
            return Outcome.failed(explain_missing(self.kind, extra))
        try:
            params = parse_params(self.Params, stored, quickly=True)
        except InvalidInput as error:  # stored by a version that checked less
            hint = f"Correct {'.'.join(error.path)} of the job."
            return Outcome.failed(error.message, hint, ErrorKind.BAD_PARAMS)
        try:
            async with asyncio.timeout(context.timeout) as limit:
                return await self.perform(params, replace(context, compute=_AttemptCompute(context, limit)))
        except ComputeLimitReached as reached:
            return Outcome.failed(str(reached), reached.hint, ErrorKind.COMPUTE_LIMIT)
        except ComputeProcessEnded as ended:
            hint = "It may have run out of memory. Give it less to do."
            return Outcome.failed(str(ended), hint, retryable=True)
        except TimeoutError:
            message = f"The job did not finish within {context.timeout:g} seconds."
            return Outcome.failed(
                message, "Raise the timeout, or give it less to do.", ErrorKind.TIMEOUT, retryable=True
            )

    @abstractmethod
    async def perform(self, params: P, context: JobContext) -> Outcome:
        """Do the work."""
