"""Trials: calls that owners make by hand before they save a task. Nothing of them is stored.

A trial leaves through the same guarded client as an attempt, and counts against the same limits of calls to its host.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from tocsin.jobs.base import Outcome
from tocsin.jobs.http.job import call_target
from tocsin.jobs.http.params import HttpParams
from tocsin.named_secrets.store import OpenSecrets, open_none
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.security.secret_box import SecretBox

MAX_TRIAL_SECONDS = 20.0
"""Longest trial: its caller waits for it."""


@dataclass(slots=True)
class Trial:
    """The context of a trial, as that of a first attempt. `run_id` is the ID of no run.

    `callback_url` is the URL that the target of a call gets that expects a callback. Nothing waits for it.
    """

    run_id: str
    owner: str
    due_at: datetime
    timeout: float
    secrets: SecretBox
    http: OwnerHttpClient
    callback_url: str | None = field(default=None, repr=False)
    attempt: int = 1
    open_secrets: OpenSecrets = field(default=open_none, repr=False)


async def try_call(stored: Mapping[str, Any], trial: Trial) -> Outcome:
    """Make one call with the stored form of the parameters of an `http` job, and return its outcome."""
    return await call_target(HttpParams.model_validate(stored), trial)


def name_target(stored: Mapping[str, Any]) -> str:
    """Return the method and the server of a call for the audit log, without what may be secret in its URL."""
    parts = urlsplit(str(stored["url"]))
    if not parts.netloc:  # of a secret
        return f"{stored['method']} {stored['url']}"
    return f"{stored['method']} {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
