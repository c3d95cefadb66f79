"""Enums of notification preferences."""

from tocsin.graphql.enums import describe_enum
from tocsin.notifications.preferences.choices import FailureDetail
from tocsin.notifications.preferences.digest_times import DigestFrequency
from tocsin.notifications.preferences.quiet_hours import Weekday

__all__ = ["DigestFrequency", "FailureDetail", "Weekday"]

describe_enum(
    FailureDetail,
    "Which failures of a task are mailed.",
    {
        "FIRST_AND_LAST": "The first attempt that fails, and the run that fails for good.",
        "EVERY_ATTEMPT": "Each attempt that fails.",
    },
)
describe_enum(
    DigestFrequency,
    "How often what has happened is mailed.",
    {
        "IMMEDIATELY": "Each notification at once, in a mail of its own.",
        "HOURLY": "All in one mail, at each full hour.",
        "DAILY": "All in one mail, once a day.",
    },
)
describe_enum(Weekday, "A day of the week.", {day.name: f"The day {day.name.capitalize()}." for day in Weekday})
