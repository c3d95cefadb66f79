"""What the page of an incident says of a task that fails, works and fails again."""

from typing import Any

from tests.web.dashboard_modules import needs_modules, values

pytestmark = needs_modules


def _alert(
    name: str, opened: str, *, failures: int = 1, fails: bool = False, task: str | None = None
) -> dict[str, Any]:
    found = None if task is None else {"id": task}
    opened_at = f"2026-11-30T{opened}:00Z"
    return {
        "name": name,
        "isFailing": fails,
        "failures": failures,
        "openedAt": opened_at,
        "task": found,
        "workflow": None,
    }


async def test_each_task_is_there_once_with_its_latest_state() -> None:
    flaps = [
        _alert("old name", "10:00", failures=3, task="a"),
        _alert("new name", "10:09", failures=2, fails=True, task="a"),
        _alert("b", "10:05", failures=9, task="b"),
        _alert("deleted", "10:01"),
    ]
    (joined,) = await values(["joinBySubject", flaps])
    shown = [
        (each["name"], each["isFailing"], each["failures"], each["times"], each["openedAt"][11:16]) for each in joined
    ]
    assert shown == [
        ("new name", True, 5, 2, "10:00"),
        ("b", False, 9, 1, "10:05"),
        ("deleted", False, 1, 1, "10:01"),
    ]
