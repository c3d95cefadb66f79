"""Checks of single settings of tasks. Pure."""

from tocsin.errors import InvalidInput

MAX_NAME = 200
MAX_DESCRIPTION = 2_000
MAX_TAGS = 20
MAX_TIMEOUT = 3600.0
DEFAULT_ALERT_AFTER = 1
MAX_ALERT_AFTER = 100
MAX_PAUSE_AFTER = 1_000


def check_alert_after(alert_after: int) -> None:
    """Check the number of consecutive failures of which the owner is told. Raises InvalidInput."""
    if not 1 <= alert_after <= MAX_ALERT_AFTER:
        raise InvalidInput(f"alertAfter must be 1 to {MAX_ALERT_AFTER}, not {alert_after}.", "alertAfter")


def check_pause_after(pause_after: int | None) -> None:
    """Check the number of consecutive failures after which the task pauses; None is never. Raises InvalidInput."""
    if pause_after is not None and not 1 <= pause_after <= MAX_PAUSE_AFTER:
        raise InvalidInput(
            f"pauseAfter must be 1 to {MAX_PAUSE_AFTER:,}, not {pause_after}; null turns it off.", "pauseAfter"
        )


def check_timeout(timeout: float | None) -> None:
    """Check the timeout of an attempt, in seconds. Raises InvalidInput."""
    if timeout is not None and not 0 < timeout <= MAX_TIMEOUT:
        raise InvalidInput("timeout must be longer than PT0S and at most PT1H.", "timeout")


def check_name(name: str) -> None:
    """Check the name of a task. Raises InvalidInput."""
    if not name.strip() or len(name) > MAX_NAME:
        raise InvalidInput(f"name must have 1 to {MAX_NAME} characters, not only spaces.", "name")
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidInput("name must not contain line breaks or other control characters.", "name")


def check_description(description: str) -> None:
    """Check the description of a task. Raises InvalidInput."""
    if len(description) > MAX_DESCRIPTION or "\0" in description:
        raise InvalidInput(
            f"description must have at most {MAX_DESCRIPTION:,} characters, and no NUL character.", "description"
        )


def check_tags(tags: tuple[str, ...]) -> None:
    """Check the tags of a task. Raises InvalidInput."""
    if len(tags) > MAX_TAGS or len(set(tags)) != len(tags):
        raise InvalidInput(f"tags must have at most {MAX_TAGS} entries without duplicates.", "tags")
    if any(not 1 <= len(tag) <= 50 for tag in tags):
        raise InvalidInput("A tag must have 1 to 50 characters.", "tags")
