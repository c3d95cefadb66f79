"""The parameters of an HTTP call as users write them in a workflow or as JSON, with the names of the API."""

from datetime import timedelta
from typing import Any

from pydantic import field_validator

from tocsin.input_models import ParamsModel
from tocsin.jobs.http.input import METHODS, HttpInput


class HttpGiven(ParamsModel):
    """Parameters of an HTTP call, with at most one of `body`, `bodyText` and `bodyForm`."""

    url: str
    method: str = "GET"
    headers: dict[str, Any] | None = None
    secret_headers: list[str] = []
    body: Any = None
    body_text: str | None = None
    body_form: dict[str, Any] | None = None
    token: str | None = None
    connect_timeout: timedelta | None = None

    @field_validator("method")
    @classmethod
    def _check_method(cls, value: str) -> str:
        if value not in METHODS:
            raise ValueError(f"The method must be one of {', '.join(METHODS)}.")
        return value

    def to_input(self) -> HttpInput:
        """Convert to the input of the API."""
        return HttpInput(
            url=self.url,
            method=self.method,
            headers=self.headers,
            secret_header_names=self.secret_headers,
            json=self.body,
            text=self.body_text,
            form=self.body_form,
            token=self.token,
            connect_timeout=None if self.connect_timeout is None else self.connect_timeout.total_seconds(),
        )
