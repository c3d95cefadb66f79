"""Models of a workflow definition: its inputs, its steps and their dependencies. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator
from pydantic.alias_generators import to_camel

from tocsin.errors import InvalidInput
from tocsin.input_models import ParamsModel, has_expression
from tocsin.outbound.email_addresses import parse_address
from tocsin.schedules.iso8601 import parse_datetime, parse_iso_duration
from tocsin.schedules.specs import parse_schedule_spec
from tocsin.tasks.retry_spec import parse_retry_spec
from tocsin.tasks.setting_checks import MAX_TIMEOUT
from tocsin.workflows.language import graph
from tocsin.workflows.language.model_faults import format_faults
from tocsin.workflows.language.outline import find_shape_fault

MAX_STEPS = 200
MAX_ITEMS = 10_000
_YEAR = 366 * 86_400.0
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Key = Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9_]{0,62}$")]


def _seconds(value: Any, longest: float = _YEAR, name: str = "P366D") -> float:
    seconds = parse_iso_duration(value).total_seconds()
    if not 0 < seconds <= longest:
        raise ValueError(f"This must be longer than PT0S and at most {name}; it is {value}.")
    return seconds


_DURATION = WithJsonSchema({"type": "string", "description": "An ISO 8601 duration, such as PT5M."})
Seconds = Annotated[float, BeforeValidator(_seconds), _DURATION]
AttemptSeconds = Annotated[float, BeforeValidator(lambda value: _seconds(value, MAX_TIMEOUT, "PT1H")), _DURATION]


class OnFailure(Enum):
    """Reactions to a step that failed after its retries."""

    FAIL = "fail"
    CONTINUE = "continue"
    COMPENSATE = "compensate"


class InputType(Enum):
    """The type of an input."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    ANY = "any"


class InputSpec(ParamsModel):
    """An input of a workflow. It is required unless it has a default."""

    type: InputType = InputType.ANY
    description: str = ""
    default: Any = None

    @property
    def is_required(self) -> bool:
        """True if the input has no default."""
        return "default" not in self.model_fields_set


def _expression(value: Any) -> Any:
    if isinstance(value, str) and not has_expression(value):
        raise ValueError(f"This must be an expression between ${{{{ and }}}}; {value[:60]!r} is plain text.")
    return value


def _items(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise ValueError("items must be an array, or an expression that returns one.")
    return _expression(value)


Expression = Annotated[str, BeforeValidator(_expression)]
Items = Annotated[
    Any, BeforeValidator(_items), WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]})
]


def _now_or_later(read: Callable[[Any], Any]) -> BeforeValidator:
    """Validate a text with `read` now, or later if it contains an expression."""

    def check(value: Any) -> Any:
        if value is not None and not has_expression(value):
            read(value)
        return value

    return BeforeValidator(check)


class ForEach(ParamsModel):
    """Runs the step once for each item of an array, up to `concurrency` items at a time."""

    items: Items
    max_items: Annotated[int, Field(strict=True, ge=1, le=MAX_ITEMS)] = 1_000
    concurrency: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 10


class Wait(ParamsModel):
    """Waits for a duration (ISO 8601), or until a time (RFC 3339)."""

    duration: Annotated[str | None, _now_or_later(parse_iso_duration)] = None
    until: Annotated[str | None, _now_or_later(parse_datetime)] = None

    @model_validator(mode="after")
    def _one(self) -> "Wait":
        if (self.duration is None) == (self.until is None):
            raise ValueError("A wait has exactly one of a duration, such as PT5M, and `until`, a time.")
        return self


def _decider(value: Any) -> None:
    if value == "admins":
        return
    if not isinstance(value, str) or "@" not in value:
        raise ValueError(f"by must be a user's email address or admins; {str(value)[:60]!r} is neither.")
    parse_address(value)


MIN_REMINDER_SECONDS = 3_600.0
"""Minimum number of seconds between two mails that ask for the same decision."""
_REMIND_EVERY = WithJsonSchema({"type": "string", "description": "An ISO 8601 duration, PT1H or longer."})


class Approval(ParamsModel):
    """Waits for a person's decision. `by` is a user's email address, or `admins` for any administrator."""

    by: Annotated[str, _now_or_later(_decider)]
    message: str = ""
    timeout: Seconds | None = None
    remind_every: Annotated[float, BeforeValidator(_seconds), _REMIND_EVERY] | None = None
    on_timeout: Literal["fail", "approve"] = "fail"

    def find_next_reminder(self, now: datetime) -> datetime | None:
        """Return when to send the next reminder; None without reminders.

        Workflows saved before the minimum existed are held to it, too.
        """
        if self.remind_every is None:
            return None
        return now + timedelta(seconds=max(self.remind_every, MIN_REMINDER_SECONDS))


class Compensation(ParamsModel):
    """A job that undoes a completed step."""

    job: str
    params: dict[str, Any] = {}
    retry: dict[str, Any] | None = None
    timeout: AttemptSeconds | None = None

    @field_validator("retry", mode="before")
    @classmethod
    def _retry(cls, value: Any) -> Any:
        return _checked_retry(value)


class Step(ParamsModel):
    """A step: a job, a wait or an approval. Without `dependsOn` it depends on the step before it."""

    key: Key
    name: str = ""
    description: str = ""
    job: str | None = None
    params: dict[str, Any] = {}
    depends_on: tuple[str, ...] | None = None
    when: Expression | None = None
    for_each: ForEach | None = None
    retry: dict[str, Any] | None = None
    timeout: AttemptSeconds | None = None
    priority: Annotated[int, Field(strict=True, ge=-10, le=10)] = 0
    on_failure: OnFailure = OnFailure.FAIL
    compensation: Compensation | None = None
    wait: Wait | None = None
    approval: Approval | None = None

    @field_validator("for_each", mode="before")
    @classmethod
    def _for_each(cls, value: Any) -> Any:
        return {"items": value} if isinstance(value, str | list) else value

    @field_validator("wait", mode="before")
    @classmethod
    def _wait(cls, value: Any) -> Any:
        return {"duration": value} if isinstance(value, str) else value

    @field_validator("retry", mode="before")
    @classmethod
    def _retry(cls, value: Any) -> Any:
        return _checked_retry(value)

    @model_validator(mode="after")
    def _one(self) -> "Step":
        given = {to_camel(name) for name in self.model_fields_set if getattr(self, name) is not None}
        if (fault := find_shape_fault(given)) is not None:
            raise ValueError(fault)
        return self

    @property
    def dependencies(self) -> tuple[str, ...]:
        """The keys of the steps that have to settle first, in a resolved definition."""
        return self.depends_on or ()


class WorkflowDefinition(ParamsModel):
    """A workflow. At most `concurrency` runs of its steps are active at a time."""

    name: Name
    description: str = ""
    inputs: dict[Key, InputSpec] = {}
    schedule: dict[str, Any] | None = None
    overlap: Literal["SKIP", "QUEUE", "ALLOW"] = "ALLOW"
    concurrency: Annotated[int, Field(strict=True, ge=1, le=1_000)] = 50
    timeout: Seconds | None = None
    output: Any = None
    steps: tuple[Step, ...]

    @field_validator("steps", mode="before")
    @classmethod
    def _steps(cls, value: Any) -> Any:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_STEPS:
            raise ValueError(f"A workflow has 1 to {MAX_STEPS} steps; this one has {len(value)}.")
        return value

    @field_validator("schedule", mode="before")
    @classmethod
    def _schedule(cls, value: Any) -> Any:
        if value is not None:
            _as_value_error(parse_schedule_spec, value)
        return value

    def resolve_dependencies(self) -> "WorkflowDefinition":
        """Return a copy in which every step has explicit dependencies."""
        before: tuple[str, ...] = ()
        steps = []
        for step in self.steps:
            steps.append(step.model_copy(update={"depends_on": before}) if step.depends_on is None else step)
            before = (step.key,)
        return self.model_copy(update={"steps": tuple(steps)})

    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """Return the dependencies of each step, in a resolved definition."""
        return {step.key: step.depends_on or () for step in self.steps}

    @cached_property
    def steps_by_key(self) -> dict[str, Step]:
        """The steps by key."""
        return {step.key: step for step in self.steps}

    @cached_property
    def job_kinds(self) -> frozenset[str]:
        """The kinds of the jobs of its steps and compensations."""
        calls = [call for step in self.steps for call in (step, step.compensation) if call is not None]
        return frozenset(call.job for call in calls if call.job is not None)

    @cached_property
    def steps_in_order(self) -> tuple[Step, ...]:
        """The steps in topological order, in a resolved definition."""
        return tuple(self.steps_by_key[key] for key in graph.sort_topologically(self.dependencies()))


def _checked_retry(value: Any) -> Any:
    return None if value is None else _as_value_error(parse_retry_spec, value)


def _as_value_error(read: Callable[[Any], Any], value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError("This must be an object of names and values.")
    try:
        return read(value)
    except InvalidInput as error:
        raise ValueError(format_faults(error)[0]) from None
