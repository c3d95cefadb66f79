"""The stored parameters of an HTTP call."""

from typing import NotRequired, TypedDict

from pydantic import BaseModel

from tocsin.jobs.http.body import HttpBody, HttpBodyDocument


class PlainHeader(BaseModel):
    """A header whose value is visible to anyone who can see the task."""

    name: str
    value: str


class SealedHeader(BaseModel):
    """A header whose value is stored encrypted."""

    name: str
    sealed: str


class PlainHeaderDocument(TypedDict):
    """A `PlainHeader` as it is stored."""

    name: str
    value: str


class SealedHeaderDocument(TypedDict):
    """A `SealedHeader` as it is stored."""

    name: str
    sealed: str


class CallbackExpectation(BaseModel):
    """The time within which the target is expected to call back, in seconds after its response.

    `marker` is the text that the URL replaces in the parameters of a step. Those of a task have placeholders.
    """

    within: float
    marker: str | None = None


class CallbackExpectationDocument(TypedDict):
    """A `CallbackExpectation` as it is stored."""

    within: float
    marker: NotRequired[str]


class NamedSecretUse(BaseModel):
    """The note that parameters reference named secrets.

    `marker` is what markers begin with in those of a step. `ids` are the IDs of the secrets, by which the tasks that
    use one are found: at least those that are referenced now, since nobody can look into a sealed value that is kept.
    """

    marker: str | None = None
    ids: list[str] = []


class NamedSecretUseDocument(TypedDict):
    """A `NamedSecretUse` as it is stored."""

    marker: NotRequired[str]
    ids: NotRequired[list[str]]


class HttpParams(BaseModel):
    """Stored parameters of an `http` job. `token` is sealed; `connect_timeout` is in seconds.

    Without `named_secrets`, what looks like a reference to a named secret is text: it was saved before there were any.
    """

    url: str
    method: str = "GET"
    headers: list[PlainHeader] = []
    secret_headers: list[SealedHeader] = []
    body: HttpBody | None = None
    token: str | None = None
    connect_timeout: float | None = None
    expect_callback: CallbackExpectation | None = None
    named_secrets: NamedSecretUse | None = None


class HttpParamsDocument(TypedDict):
    """The parameters as they are stored. See `HttpParams`."""

    url: str
    method: str
    headers: list[PlainHeaderDocument]
    secret_headers: list[SealedHeaderDocument]
    body: HttpBodyDocument | None
    token: str | None
    connect_timeout: float | None
    expect_callback: NotRequired[CallbackExpectationDocument]
    named_secrets: NotRequired[NamedSecretUseDocument]
