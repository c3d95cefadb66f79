"""Helpers for tests of workflows: definitions as texts, and users."""

import json
from typing import Any, TypeVar

from tocsin import clock
from tocsin.documents import User

T = TypeVar("T")


def step(key: str, url: str, **more: Any) -> dict[str, Any]:
    """Make a step that calls a URL, without retries."""
    return {"key": key, "job": "http", "params": {"url": url}, "retry": {"maxRetries": 0}, **more}


def workflow(*steps: dict[str, Any], **fields: Any) -> str:
    """Return its text: JSON is YAML."""
    return json.dumps({"name": "w", "steps": steps, **fields})


def deep(levels: int) -> list[Any]:
    """Return an empty list within so many others."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def require(document: T | None) -> T:
    """Return a stored document. The test fails if there is none."""
    assert document is not None
    return document


async def add_user(name: str, *accepted: str, is_admin: bool = False) -> User:
    """Insert an active user who accepts approval requests from these."""
    user = User(
        id=name, email=f"{name}@example.com", password="", is_admin=is_admin, is_active=True,
        accepts_requests_from=list(accepted), created_at=clock.now(),
    )  # fmt: skip
    await user.insert()
    return user
