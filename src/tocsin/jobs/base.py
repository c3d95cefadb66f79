"""What every kind of work has in common: what it is given, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel

from tocsin.outbound.failures import ErrorKind
from tocsin.outbound.http import HttpDoor
from tocsin.security.secrets import SecretBox

__all__ = ["AttemptError", "ErrorKind", "Job", "JobContext", "Outcome"]


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
    milliseconds. `retry_after` is how long the target asked to be left alone.
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


@dataclass(frozen=True, slots=True)
class JobContext:
    """What an attempt may use and must know. `timeout` is for the whole attempt, in seconds."""

    run_id: str
    owner: str
    due_at: datetime
    attempt: int
    timeout: float
    secrets: SecretBox
    http: HttpDoor


class Job(Protocol):
    """The code for one kind of work. `Params` is the shape in which its input is stored."""

    @property
    def kind(self) -> str: ...

    @property
    def Params(self) -> type[BaseModel]: ...  # noqa: N802  # a class, named as one

    async def perform(self, params: Mapping[str, Any], context: JobContext) -> Outcome:
        """Make one attempt. What fails outside is an outcome; what is raised is a fault of Tocsin itself."""
        ...
