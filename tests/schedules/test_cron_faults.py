"""Messages for invalid cron expressions."""

import pytest

from tocsin.errors import InvalidInput
from tocsin.schedules import Cron, validate_schedule

SECOND = 'seconds are 0 to 59, as in "*/10 * * * * *".'
MINUTE = 'minutes are 0 to 59, as in "*/15 * * * *".'
HOUR = 'hours are 0 to 23, as in "0 9-17 * * *".'
DAY = 'days are 1 to 31, L (the last day) or LW (the last weekday), as in "0 9 1,15 * *".'
MONTH = 'months are 1 to 12 or JAN to DEC, as in "0 9 1 JAN,JUL *".'
WEEKDAY = (
    "weekdays are 0 to 7 (0 and 7 are Sunday) or SUN to SAT, "
    '1#2 is the second Monday, 5L the last Friday, as in "0 9 * * MON-FRI".'
)
COUNT = (
    "A cron expression has five fields (minute, hour, day-of-month, month, day-of-week), or six with seconds first; "
)
EXAMPLE = 'For example, "0 9 * * 1-5" is 09:00 from Monday to Friday.'
NEVER = "never matches: none of its months has such a day. Check day-of-month, month and day-of-week together."
KNOWN = (
    "is unknown. Use one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly, "
    'or five fields: "0 9 * * 1-5" is 09:00 from Monday to Friday.'
)

TABLE = [
    ("", "The cron expression is empty. " + EXAMPLE),
    ("   ", "The cron expression is empty. " + EXAMPLE),
    ("* * * *", COUNT + '"* * * *" has 4. ' + EXAMPLE),
    ("* * * * * * *", COUNT + '"* * * * * * *" has 7. ' + EXAMPLE),
    (
        "0 9 * * 1-5 2026",
        'The day-of-week field "2026" of these six (seconds come first) is invalid: ' + WEEKDAY,
    ),
    ("hello", COUNT + '"hello" has 1. ' + EXAMPLE),
    ("60 * * * *", 'The minute field "60" of the cron expression is invalid: ' + MINUTE),
    ("-1 * * * *", 'The minute field "-1" of the cron expression is invalid: ' + MINUTE),
    (
        "*/0 * * * *",
        'The minute field "*/0" of the cron expression is invalid: a step must be at least 1; ' + MINUTE,
    ),
    (
        "1,,2 * * * *",
        'The minute field "1,,2" of the cron expression is invalid: a value is missing next to a comma; ' + MINUTE,
    ),
    ("* 24 * * *", 'The hour field "24" of the cron expression is invalid: ' + HOUR),
    (
        "0 22-6 * * *",
        'The hour field "22-6" of the cron expression is invalid: '
        'the range 22-6 is reversed, write "22-23,0-6"; ' + HOUR,
    ),
    ("0 9am * * *", 'The hour field "9am" of the cron expression is invalid: ' + HOUR),
    ("0 9 0 * *", 'The day-of-month field "0" of the cron expression is invalid: ' + DAY),
    ("0 9 32 * *", 'The day-of-month field "32" of the cron expression is invalid: ' + DAY),
    (
        "0 9 15W * *",
        'The day-of-month field "15W" of the cron expression is invalid: '
        'the weekday nearest to a date ("15W") is not supported; ' + DAY,
    ),
    (
        "0 9 ? * MON",
        'The day-of-month field "?" of the cron expression is invalid: "?" is not supported, write "*"; ' + DAY,
    ),
    ("0 9 * 13 *", 'The month field "13" of the cron expression is invalid: ' + MONTH),
    ("0 9 * JANUARY *", 'The month field "JANUARY" of the cron expression is invalid: ' + MONTH),
    (
        "0 9 * NOV-FEB *",
        'The month field "NOV-FEB" of the cron expression is invalid: '
        'the range NOV-FEB is reversed, write "NOV-DEC,JAN-FEB"; ' + MONTH,
    ),
    ("0 9 * * 8", 'The day-of-week field "8" of the cron expression is invalid: ' + WEEKDAY),
    (
        "0 9 * * FRI-SUN",
        'The day-of-week field "FRI-SUN" of the cron expression is invalid: '
        'the range FRI-SUN is reversed, write "FRI-SAT,SUN"; ' + WEEKDAY,
    ),
    ("0 9 * * MONDAY", 'The day-of-week field "MONDAY" of the cron expression is invalid: ' + WEEKDAY),
    ("0 9 * * 1#6", 'The day-of-week field "1#6" of the cron expression is invalid: ' + WEEKDAY),
    ("0 9 * * L", 'The day-of-week field "L" of the cron expression is invalid: ' + WEEKDAY),
    ("0 0 30 2 *", 'The cron expression "0 0 30 2 *" ' + NEVER),
    ("0 0 31 4,6 *", 'The cron expression "0 0 31 4,6 *" ' + NEVER),
    ("0 0 */31 * 1#2", 'The cron expression "0 0 */31 * 1#2" ' + NEVER),
    ("61 * * * * *", 'The second field "61" of these six (seconds come first) is invalid: ' + SECOND),
    ("* * * * * * * *", COUNT + '"* * * * * * * *" has 8. ' + EXAMPLE),
    ("@reboot", "@reboot is not supported: tasks cannot run when a machine starts. Use @daily or five fields."),
    ("@every 5m", '"@every 5m" ' + KNOWN),
    ("@dayly", '"@dayly" ' + KNOWN),
    (
        "0 9 * * 5-1",
        'The day-of-week field "5-1" of the cron expression is invalid: '
        'the range 5-1 is reversed, write "5-6,0-1"; ' + WEEKDAY,
    ),
    ("1.5 * * * *", 'The minute field "1.5" of the cron expression is invalid: ' + MINUTE),
    ("0 9 L-3 * *", 'The day-of-month field "L-3" of the cron expression is invalid: ' + DAY),
    (
        "0 9 1/0 * *",
        'The day-of-month field "1/0" of the cron expression is invalid: a step must be at least 1; ' + DAY,
    ),
    ("0 9 * * */", 'The day-of-week field "*/" of the cron expression is invalid: ' + WEEKDAY),
    ("0 9 \x00 * *", 'The day-of-month field " " of the cron expression is invalid: ' + DAY),
    ("0 9 * * ²L", 'The day-of-week field "²L" of the cron expression is invalid: ' + WEEKDAY),
    (
        "0 5-2/3 * * *",
        'The hour field "5-2/3" of the cron expression is invalid: '
        'the range 5-2 is reversed, write "5-23,0-2"; ' + HOUR,
    ),
]


@pytest.mark.parametrize(("expression", "message"), TABLE)
def test_the_message_says_what_is_wrong_and_what_would_be_right(expression: str, message: str) -> None:
    assert refusal(expression) == message


def test_a_long_expression_is_refused_unread() -> None:
    expression = "0 0 * * " + "1," * 500 + "1"
    assert refusal(expression) == (
        "The cron expression has 1009 characters; the maximum is 200. Split it into several tasks."
    )


def test_the_longest_allowed_expression_passes() -> None:
    expression = "0 00 * * " + "1," * 95 + "1"
    assert len(expression) == 200
    validate_schedule(Cron(expression, "UTC"))


def refusal(expression: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        validate_schedule(Cron(expression, "UTC"))
    assert caught.value.path == ("cron", "expression")
    return caught.value.message
