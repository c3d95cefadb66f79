"""The paths of public links on this server. Pure."""

STATUS_PATH = "/status/"
"""The path before the token of a status page."""
TRIGGER_PATH = "/triggers/"
"""The path before the token of a URL that starts a run."""
BADGE_NAME = "badge.svg"
SHIELDS_NAME = "shields.json"
STATUS_NAME = "status.json"


def status_path(token: str) -> str:
    """Return the path of a status page."""
    return f"{STATUS_PATH}{token}"


def badge_path(token: str) -> str:
    """Return the path of the badge of a status page."""
    return f"{STATUS_PATH}{token}/{BADGE_NAME}"


def trigger_path(token: str) -> str:
    """Return the path of a URL that starts a run."""
    return f"{TRIGGER_PATH}{token}"
