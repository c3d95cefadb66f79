"""A client of subscriptions over server-sent events."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx

from tests.acceptance.server import Server, UnavailableError


async def events(server: Server, subscription: str) -> AsyncGenerator[dict[str, Any], None]:
    """Yield the data of each event of a subscription until it ends.

    Raises httpx.TransportError if the server dies, and UnavailableError if its database is away for long.
    """
    headers = {"Authorization": f"Bearer {server.token}", "Accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=None, verify=False) as client,
        client.stream("POST", server.url, json={"query": subscription}, headers=headers) as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data:") and (answer := json.loads(line.removeprefix("data:") or "null")):
                if any(error["extensions"]["code"] == "UNAVAILABLE" for error in answer.get("errors", [])):
                    raise UnavailableError(answer["errors"][0]["message"])
                yield answer.get("data") or answer
