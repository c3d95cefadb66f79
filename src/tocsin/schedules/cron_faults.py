"""Validation of cron expressions, with messages that suggest corrections."""

import re
from datetime import datetime

from cronsim import CronSim, CronSimError

from tocsin.errors import InvalidInput
from tocsin.schedules.cron_calendar import NICKNAMES, CronCalendar, get_calendar, split_fields

MAX_LENGTH = 200

_ANY_DAY = datetime(2000, 1, 1)  # noqa: DTZ001
_EXAMPLE = '"0 9 * * 1-5" is 09:00 from Monday to Friday'
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_NEVER = "never matches: none of its months has such a day. Check day-of-month, month and day-of-week together"
# Field: its lowest and highest value, its names, and a hint.
_FIELDS: dict[str, tuple[int, int, list[str], str]] = {
    "second": (0, 59, [], 'seconds are 0 to 59, as in "*/10 * * * * *"'),
    "minute": (0, 59, [], 'minutes are 0 to 59, as in "*/15 * * * *"'),
    "hour": (0, 23, [], 'hours are 0 to 23, as in "0 9-17 * * *"'),
    "day-of-month": (
        1,
        31,
        [],
        'days are 1 to 31, L (the last day) or LW (the last weekday), as in "0 9 1,15 * *"',
    ),
    "month": (1, 12, _MONTHS, 'months are 1 to 12 or JAN to DEC, as in "0 9 1 JAN,JUL *"'),
    "day-of-week": (
        0,
        6,
        _DAYS,
        "weekdays are 0 to 7 (0 and 7 are Sunday) or SUN to SAT, "
        '1#2 is the second Monday, 5L the last Friday, as in "0 9 * * MON-FRI"',
    ),
}


def validate_cron(expression: str) -> None:
    """Validate a cron expression. Raises InvalidInput with an empty path if it is invalid or never matches."""
    if len(expression) > MAX_LENGTH:
        raise InvalidInput(
            f"The cron expression has {len(expression)} characters; the maximum is {MAX_LENGTH}."
            " Split it into several tasks."
        )
    try:
        calendar = get_calendar(expression)
    except CronSimError as error:
        raise InvalidInput(_explain(expression, str(error))) from error
    _refuse_never(expression, calendar)


def _refuse_never(expression: str, calendar: CronCalendar) -> None:
    if calendar.next(_ANY_DAY) is None:
        raise InvalidInput(f"The cron expression {_quote(expression)} {_NEVER}.")


def _explain(expression: str, error: str) -> str:
    text = expression.strip()
    if text.startswith("@"):
        return _explain_nickname(text)
    fields = split_fields(expression)
    if not fields:
        return f"The cron expression is empty. For example, {_EXAMPLE}."
    if len(fields) not in (5, 6):
        return (
            "A cron expression has five fields (minute, hour, day-of-month, month, day-of-week), or six with"
            f" seconds first; {_quote(expression)} has {len(fields)}. For example, {_EXAMPLE}."
        )
    return _explain_field(expression, fields, error.removeprefix("Bad "))


def _explain_nickname(text: str) -> str:
    if text.lower() == "@reboot":
        return "@reboot is not supported: tasks cannot run when a machine starts. Use @daily or five fields."
    known = ", ".join(sorted(NICKNAMES))
    return f"{_quote(text)} is unknown. Use one of {known}, or five fields: {_EXAMPLE}."


def _explain_field(expression: str, fields: list[str], name: str) -> str:
    position = list(_FIELDS).index(name) - 6 + len(fields)
    if name == "day-of-month" and _is_valid_alone(fields, position):
        return f"The cron expression {_quote(expression)} {_NEVER}."
    field = fields[position]
    reason = _find_mistake(name, field)
    right = _FIELDS[name][3]
    said = f"{reason}; {right}" if reason else right
    where = "the cron expression" if len(fields) == 5 else "these six (seconds come first)"
    return f"The {name} field {_quote(field)} of {where} is invalid: {said}."


def _is_valid_alone(fields: list[str], position: int) -> bool:
    """Return whether the day is valid by itself, apart from the months."""
    try:
        CronSim(f"0 0 {fields[position]} * *", _ANY_DAY)
    except CronSimError:
        return False
    return True


def _find_mistake(name: str, field: str) -> str | None:
    """Return an explanation if this is a common mistake."""
    if "?" in field:
        return '"?" is not supported, write "*"'
    if re.search(r"[0-9]+W", field.upper()):
        return 'the weekday nearest to a date ("15W") is not supported'
    if re.search(r"/0+(,|$)", field):
        return "a step must be at least 1"
    if "" in field.split(","):
        return "a value is missing next to a comma"
    return _find_reversed_range(name, field)


def _find_reversed_range(name: str, field: str) -> str | None:
    lowest, highest, names, _ = _FIELDS[name]
    for term in field.upper().split(","):
        first, _, last = term.partition("/")[0].partition("-")
        low, high = _parse_value(first, lowest, names), _parse_value(last, lowest, names)
        if low is None or high is None or not lowest <= high < low <= highest:
            continue
        end, begin = (names[-1], names[0]) if first in names else (str(highest), str(lowest))
        halves = first if low == highest else f"{first}-{end}", last if high == lowest else f"{begin}-{last}"
        return f'the range {first}-{last} is reversed, write "{halves[0]},{halves[1]}"'
    return None


def _parse_value(text: str, lowest: int, names: list[str]) -> int | None:
    if text in names:
        return names.index(text) + lowest
    return int(text) if text.isascii() and text.isdigit() else None


def _quote(text: str) -> str:
    return '"' + "".join(char if char.isprintable() else " " for char in text.strip()) + '"'
