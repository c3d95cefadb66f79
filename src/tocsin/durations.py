"""ISO 8601 durations with weeks, days, hours, minutes and seconds. Pure."""

import re
from datetime import timedelta

MAX_DURATION = timedelta(days=999_999)
"""About 2,700 years: added to the current time, the result stays within the range of datetime."""
TOO_LONG_MESSAGE = "is too long: at most P999999D"
_DURATION = re.compile(
    r"P(?:([0-9]+)W)?(?:([0-9]+)D)?"
    r"(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:[.,]([0-9]{1,3}))?S)?)?"
)
_CALENDAR = re.compile(r"P(?=[^T]*[YM])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+W)?(?:[0-9]+D)?(?:T[0-9HMS.,]+)?")
_MOST_DIGITS = 15


def parse_duration(text: str) -> timedelta:
    """Parse an ISO 8601 duration, with at most three decimal places of the seconds.

    Raises ValueError. Its message continues a sentence about the text: "is too long …".
    """
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        hint = "; years and months have no fixed length" if _CALENDAR.fullmatch(text) else ""
        raise ValueError(f"is not an ISO 8601 duration such as PT30S, PT1H30M or P1D{hint}")
    digits = [(group or "").lstrip("0") or "0" for group in match.groups()[:5]]
    if any(len(group) > _MOST_DIGITS for group in digits):
        raise ValueError(TOO_LONG_MESSAGE)
    milliseconds = int((match[6] or "").ljust(3, "0"))
    weeks, days, hours, minutes, seconds = map(int, digits)
    try:
        duration = timedelta(days, seconds, 0, milliseconds, minutes, hours, weeks)
    except OverflowError:
        raise ValueError(TOO_LONG_MESSAGE) from None
    if duration > MAX_DURATION:
        raise ValueError(TOO_LONG_MESSAGE)
    return duration
