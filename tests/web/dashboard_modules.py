"""Calls pure functions of the dashboard with Node."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.node import needs_node, run_script

_ROLLDOWN = Path(__file__).parents[2] / "web" / "node_modules" / "rolldown"
needs_modules = [
    needs_node,
    pytest.mark.skipif(not _ROLLDOWN.exists(), reason="web/node_modules is missing; run scripts/build-web"),
]


async def read(*calls: Sequence[Any]) -> list[Any]:
    """Call functions, and return each result as `{"value": …}` or `{"error": …}`."""
    async with run_script("dashboard-modules.mjs") as script:
        found = []
        for call in calls:
            await script.send_line(json.dumps(call))
            found.append(await script.line())
        return found


async def values(*calls: Sequence[Any]) -> list[Any]:
    """Return the values of functions that must not raise."""
    return [one["value"] for one in await read(*calls)]
