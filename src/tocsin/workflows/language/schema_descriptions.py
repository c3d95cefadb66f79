"""What editors tell of the keys of a workflow: the descriptions in its JSON Schema. Pure."""

from collections.abc import Mapping
from typing import Any

_DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "": {
        "name": "Lower-case letters, digits and underscores; unique among your workflows.",
        "description": "What the workflow is for.",
        "inputs": "The inputs by name. An input without a default is required; a scheduled workflow needs defaults.",
        "schedule": "When the workflow is due. Without it, the workflow runs on request.",
        "overlap": "What happens at a due time at which the previous run has not ended.",
        "concurrency": "How many runs of steps one workflow run can have at once.",
        "timeout": "For the whole run, from its due time: an ISO 8601 duration, such as PT2H.",
        "output": "The final result: a value with expressions. Default: the results of the last steps.",
        "steps": "The steps, 1 to 200.",
    },
    "Step": {
        "key": "Names the step in expressions and in `dependsOn`. Unique in the workflow.",
        "name": "A title for people.",
        "description": "What the step is for.",
        "job": "The kind of work: http, email, report, polygonArea, countryLookup, or a job of a package.",
        "params": "The parameters of the job. Strings can contain expressions.",
        "dependsOn": "The steps that must be settled first. Default: the previous step. []: none.",
        "when": "An expression. If it is false, the step is skipped, and the steps that depend on it go on.",
        "forEach": "One run for each item of a list, with `item` and `index` in expressions.",
        "retry": "When the job is tried again after a failure. Default: that of the server.",
        "timeout": "For one attempt: an ISO 8601 duration, at most PT1H.",
        "priority": "Steps with a higher priority go first.",
        "onFailure": "What happens when the step has failed: the run fails, it goes on, or completed steps are undone.",
        "compensation": "Undoes this step if the run is compensated.",
        "wait": "A duration, such as PT5M, or `until` a time.",
        "approval": "Waits for the decision of a person.",
    },
    "InputSpec": {
        "type": "The type of the value. Default: any.",
        "description": "What the input is, for those who run the workflow.",
        "default": "The value if none is given. Without it, the input is required.",
    },
    "ForEach": {
        "items": "The list, or an expression that returns one.",
        "maxItems": "The step fails if the list is longer.",
        "concurrency": "How many items run at a time.",
    },
    "Wait": {
        "duration": "An ISO 8601 duration, such as PT5M.",
        "until": "A time with an offset, such as 2027-01-01T09:00:00+01:00.",
    },
    "Approval": {
        "by": "Who decides: a user's email address, or `admins` for any administrator.",
        "message": "What the approver is asked.",
        "onTimeout": "What no decision in time means.",
    },
    "Compensation": {
        "job": "The kind of work that undoes the step.",
        "params": "The parameters of the job. Expressions can read the result of the step.",
        "retry": "When the job is tried again after a failure. Default: that of the server.",
    },
    "RetrySpec": {
        "maxRetries": "How often a failed attempt is followed by another one.",
        "offsets": "The waits before each retry, such as [PT1S, PT10S]. The last one repeats.",
        "backoff": "Waits that grow, in place of `offsets`.",
        "statuses": "The HTTP statuses that are retried.",
    },
    "BackoffSpec": {
        "initial": "The first wait: an ISO 8601 duration.",
        "factor": "By what each wait is longer than the one before.",
        "max": "The longest wait.",
        "jitter": "The part of each wait that is random, 0 to 1.",
    },
    "CronSpec": {
        "expression": "Minute, hour, day of month, month and day of week, such as 0 9 * * 1-5.",
        "timeZone": "An IANA time zone, such as Europe/Berlin.",
    },
    "EverySpec": {
        "interval": "An ISO 8601 duration, such as PT1H.",
        "start": "The first due time. Default: one interval from now.",
        "end": "No due time is after this.",
    },
    "ScheduleSpec": {
        "at": "Due once, at this time.",
        "every": "Due at a fixed interval.",
        "cron": "Due when a cron expression matches.",
    },
}


def describe_keys(schema: dict[str, Any]) -> None:
    """Add the descriptions of keys to the schema of workflows. Raises KeyError for a key that it does not have."""
    for model, keys in _DESCRIPTIONS.items():
        properties = (schema["$defs"][model] if model else schema)["properties"]
        for key, text in keys.items():
            properties[key] = {**properties[key], "description": text}
