"""What every kind of work has in common: what it is given, and what comes out."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel

from tocsin.errors import InvalidInput
from tocsin.jobs.compute_limits import LimitReached, Limits, ProcessEnded
from tocsin.jobs.files import Files
from tocsin.jobs.params import ParamsModel, Path, find_faults, read_params
from tocsin.jobs.report_runs import RunsQuery
from tocsin.outbound.addresses import parse_domain
from tocsin.outbound.failures import ErrorKind
from tocsin.outbound.guard import Rules
from tocsin.outbound.http import HttpDoor
from tocsin.outbound.mail import MailDoor
from tocsin.security.secrets import SecretBox

__all__ = [
    "AttemptError",
    "ErrorKind",
    "Job",
    "JobContext",
    "LimitReached",
    "Limits",
    "Outcome",
    "ParamsModel",
    "ProcessEnded",
    "Saving",
]

Answer = TypeVar("Answer")
P = TypeVar("P", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class AttemptError:
    """Why an attempt failed: a sentence for the task's owner, what may help, and whether another try makes
    sense.
    """

    kind: ErrorKind
    message: str
    hint: str | None = None
    retryable: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; it succeeded if there is no `error`. All of it can be stored as it is.

    `request` has `method`, `url` and `headers`, (name, value) pairs with secrets masked. `timings` are
    milliseconds. `retry_after` is how long the target asked to be left alone. `result` is what later steps of a
    workflow see: a JSON value.
    """

    error: AttemptError | None = None
    result: Any = None
    request: dict[str, Any] | None = None
    status_code: int | None = None
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    response_body: str | None = None
    response_truncated: bool = False
    redirects: int = 0
    timings: dict[str, float] = field(default_factory=dict)
    retry_after: timedelta | None = None

    @classmethod
    def failed(
        cls, message: str, hint: str | None = None, kind: ErrorKind = ErrorKind.JOB, *, retryable: bool = False
    ) -> "Outcome":
        """The job says no. `retryable`: another try may go better."""
        return cls(error=AttemptError(kind, message, hint, retryable))


class Compute(Protocol):
    """Calls a function of a module, with what can be pickled, in a process of its own."""

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",
        limits: Limits | None = None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Return what the function returns, or raise what it raises. The process is ended when the caller is cancelled.

        Jobs give function and arguments alone: it is known whose attempt it is. `on_begin` is called when the work
        begins. Raises LimitReached, and ProcessEnded for what another try may mend.
        """
        ...


class _Clocked:
    """Computes for an attempt, whose time stands still until the work begins."""

    def __init__(self, context: "JobContext", limit: asyncio.Timeout) -> None:
        self._context, self._limit = context, limit

    async def __call__(
        self,
        function: Callable[..., Answer],
        *args: Any,
        owner: str = "",  # noqa: ARG002  # nobody computes on another's account
        limits: Limits | None = None,
        on_begin: Callable[[], None] = lambda: None,
    ) -> Answer:
        now = asyncio.get_running_loop().time
        left = (self._limit.when() or now()) - now()
        self._limit.reschedule(None)

        def begin() -> None:
            self._limit.reschedule(now() + left)
            waiting.discard(run_id)
            on_begin()

        waiting, run_id = self._context.waiting, self._context.run_id
        waiting.add(run_id)
        try:
            return await self._context.compute(
                function, *args, owner=self._context.owner, limits=limits, on_begin=begin
            )
        finally:
            waiting.discard(run_id)


@dataclass(frozen=True, slots=True)
class JobContext:
    """Everything that an attempt may use and must know.

    `timeout` is for the whole attempt, in seconds; waiting for `compute` to begin does not count.

    What burns processor time goes through `compute`: the event loop has other runs to start. `is_step` says that steps
    of a workflow may ask for the result. `waiting` has the runs that wait for a process to compute in.
    """

    run_id: str
    owner: str
    due_at: datetime
    attempt: int
    timeout: float
    secrets: SecretBox
    http: HttpDoor
    compute: Compute
    mail: MailDoor
    files: Files
    runs: RunsQuery
    recipients: str = "owner"
    is_step: bool = False
    waiting: set[str] = field(default_factory=set)

    def may_write(self, address: str, owner: str) -> bool:
        """Whether the setting `recipients` lets a job of the user with the address `owner` write to this one."""
        allowed = {_one_spelling(part) for part in self.recipients.split(",")}
        address = _one_spelling(address)
        to_owner = "owner" in allowed and address == _one_spelling(owner)
        return to_owner or not allowed.isdisjoint({"any", address, address.rpartition("@")[2]})


def _one_spelling(address_or_domain: str) -> str:
    local, at, domain = address_or_domain.strip().lower().rpartition("@")
    return f"{local}{at}{parse_domain(domain)}"


@dataclass(frozen=True, slots=True)
class Saving:
    """The means of turning what a user wrote into what is stored. `previous` is what was stored before.

    What the `rules` never let be called is refused; without them it is found out when it is called.
    """

    owner: str
    secrets: SecretBox
    rules: Rules | None = None
    previous: Mapping[str, Any] | None = None


class Job(ABC, Generic[P]):
    """The code for one kind of work: what a user writes for it, and one attempt at it.

    `kind` is its name in the API and in workflows, such as `polygonArea`. `Params` is the shape in which its parameters
    are stored; unless `prepare` says otherwise, it is also what users write.
    """

    kind: ClassVar[str]
    Params: type[P]

    def prepare(self, given: Mapping[str, Any], saving: Saving) -> dict[str, Any]:  # noqa: ARG002  # some need it
        """What to store for what a user wrote. Raises InvalidInput with the path in it."""
        return read_params(self.Params, given).model_dump(mode="json", by_alias=True, exclude_unset=True)

    def faults(self, given: Mapping[str, Any]) -> list[tuple[Path, str]]:
        """What is wrong with what a user wrote, in which expressions may stand for values."""
        return find_faults(self.Params, given)

    def refusals(self, given: Mapping[str, Any], rules: Rules) -> list[tuple[Path, str]]:  # noqa: ARG002  # most call nothing
        """Find what these rules never let be called. Expressions are judged when they are filled in."""
        return []

    def secrets(self, given: Mapping[str, Any]) -> list[tuple[str, ...]]:  # noqa: ARG002  # most have none
        """The paths of texts in what a user wrote that must be kept encrypted."""
        return []

    def preload(self) -> None:  # most have nothing
        """Load what computations of this job share. Called once, in the process from which all others fork."""

    async def attempt(self, stored: Mapping[str, Any], context: JobContext) -> Outcome:
        """Make one attempt within its time. What fails outside is an outcome; what is raised is a fault of the job."""
        try:
            params = read_params(self.Params, stored, quickly=True)
        except InvalidInput as error:  # stored when less was checked
            hint = f"Correct {'.'.join(error.path)} of the job."
            return Outcome.failed(error.message, hint, ErrorKind.BAD_PARAMS)
        try:
            async with asyncio.timeout(context.timeout) as limit:
                return await self.perform(params, replace(context, compute=_Clocked(context, limit)))
        except LimitReached as reached:
            return Outcome.failed(str(reached), reached.hint, ErrorKind.COMPUTE_LIMIT)
        except ProcessEnded as ended:
            hint = "It may have needed more memory than there is: give it less to do."
            return Outcome.failed(str(ended), hint, retryable=True)
        except TimeoutError:
            message = f"The job was not done within {context.timeout:g} seconds."
            return Outcome.failed(message, "Give it more time, or less to do.", ErrorKind.TIMEOUT, retryable=True)

    @abstractmethod
    async def perform(self, params: P, context: JobContext) -> Outcome:
        """Do the work."""
