# ruff: noqa: E501  # tables read best in rows
"""The full messages for each invalid workflow and input."""

import pytest

from tests.workflows.language.invalid_workflows import YAML
from tocsin.jobs import registry
from tocsin.workflows.language.definition import WorkflowDefinition
from tocsin.workflows.language.source import WorkflowInvalid, WorkflowSource
from tocsin.workflows.language.validation import parse_definition
from tocsin.workflows.language.yaml_reader import parse_yaml

MESSAGES: dict[str, list[str]] = {
    "nothing": ["The text is empty. A workflow needs a name and steps."],
    "a comment alone": ["The text is empty. A workflow needs a name and steps."],
    "a text": ["line 1, column 1: A workflow must be an object of names and values."],
    "a list": ["line 1, column 1: A workflow must be an object of names and values."],
    "a bracket is open": [
        "line 2, column 9: This is not valid YAML: expected the node content, but found '<stream end>'."
    ],
    "a quote is open": ["line 2, column 10: This is not valid YAML: found unexpected end of stream."],
    "a tab": ["line 3, column 1: This is not valid YAML: a tab is used where YAML requires spaces."],
    "indentation": ["line 2, column 7: This is not valid YAML: mapping values are not allowed here."],
    "two documents": ["line 2, column 1: This is not valid YAML: there is more than one document; give one."],
    "a name twice": ["line 2, column 1, name: name is given twice."],
    "a name that is no text": ["line 2, column 3: A name must be a string."],
    "an unknown alias": ["line 2, column 8: This is not valid YAML: found undefined alias 'all'."],
    "a Python object": ["line 3, column 9, output: !!python/object/apply:os.system is not a JSON type."],
    "a number that JSON has not": ["line 3, column 9, output: .nan is not a JSON number."],
    "bytes": ["line 3, column 9, output: !!binary is not a JSON type."],
    "no name": ["line 1, column 1, name: name is missing."],
    "no steps": ["line 1, column 1, steps: steps is missing."],
    "an empty list of steps": ["line 2, column 1, steps: A workflow has 1 to 200 steps; this one has 0."],
    "steps that are no list": ["line 2, column 1, steps: steps must be a list."],
    "a name with capitals": [
        "line 1, column 1, name: A workflow name has lowercase letters, digits and underscores, and begins with a letter: my_report."
    ],
    "a name that is a number": ["line 1, column 1, name: name must be a string."],
    "an unknown key": ["line 2, column 1, stepz: There is no stepz here. Did you mean steps?"],
    "an unknown key like no other": [
        "line 2, column 1, xyzzy: There is no xyzzy here. There are: name, description, inputs, schedule, overlap, concurrency, timeout, output, steps."
    ],
    "an unknown key of a step": [
        "line 3, column 5, steps[0].params.url: url is missing.",
        "line 5, column 5, steps[0].dependson: There is no dependson here. Did you mean dependsOn?",
    ],
    "a step without a key": [
        "line 3, column 5, steps[0].key: key is missing.",
        "line 3, column 5, steps[0].params.url: url is missing.",
    ],
    "a key with a hyphen": [
        "line 3, column 5, steps[0].params.url: url is missing.",
        "line 3, column 6, steps[0].key: A key has letters, digits and underscores, and begins with a lowercase letter: fetchOrders.",
    ],
    "a step that is a text": ["line 2, column 9, steps[0]: This must be an object of names and values."],
    "a step that does nothing": [
        "line 2, column 9, steps[0]: A step has exactly one of job, wait and approval; this one has none of them."
    ],
    "a step that does two things": [
        "line 2, column 9, steps[0]: A step has exactly one of job, wait and approval; this one has job and wait.",
        "line 2, column 9, steps[0].params.url: url is missing.",
    ],
    "params of a wait": ["line 2, column 9, steps[0]: params needs a step with a job; this one has wait."],
    "two steps of one key": ["line 2, column 69, steps[1].key: Two steps have the key a. Keys must be unique."],
    "an unknown job": ["line 4, column 5, steps[0].job: There is no job htpp on this server. Did you mean http?"],
    "a job like no other": ["line 2, column 18, steps[0].job: There is no job xyzzy on this server. There are: KINDS."],
    "a param is missing": ["line 5, column 5, steps[0].params.url: url is missing."],
    "an unknown param": ["line 7, column 7, steps[0].params.methud: There is no methud here. Did you mean method?"],
    "a param of the wrong kind": ["line 2, column 38, steps[0].params.url: url must be a string."],
    "a wrong method": [
        "line 2, column 66, steps[0].params.method: The method must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS."
    ],
    "a URL that cannot be called": [
        "line 2, column 38, steps[0].params.url: The url cannot be called. It must begin with http:// or https://."
    ],
    "params that are no object": ["line 2, column 29, steps[0].params: params must be an object of names and values."],
    "an unknown step to wait for": ["line 2, column 101, steps[1].dependsOn[0]: There is no step aa. Did you mean a?"],
    "a step that waits for itself": ["line 2, column 42, steps[0].dependsOn[0]: a cannot depend on itself."],
    "two steps of one key, and an unknown one": [
        "line 2, column 69, steps[1].key: Two steps have the key a. Keys must be unique.",
        "line 2, column 160, steps[2].dependsOn[0]: There is no step nope. There are: a, c.",
    ],
    "two steps that wait for each other": [
        "line 3, column 26, steps[0].dependsOn: The steps depend on each other in a cycle: a -> b -> a."
    ],
    "a circle of three": [
        "line 3, column 26, steps[0].dependsOn: The steps depend on each other in a cycle: a -> c -> b -> a."
    ],
    "dependsOn that is a text": ["line 2, column 30, steps[0].dependsOn: dependsOn must be a list."],
    "a step that need not be over": [
        "line 4, column 40, steps[1].params: The step a may still be running when this one starts. Add it to dependsOn."
    ],
    "an unknown step in an expression": ["line 4, column 25, steps[1].params: There is no step aa. Did you mean a?"],
    "an unknown input": ["line 4, column 25, steps[0].params: There is no input citty. Did you mean city?"],
    "an input where there is none": ["line 3, column 25, steps[0].params: There is no input x. There are none."],
    "what is not known": [
        "line 3, column 25, steps[0].params: env is not defined here. An expression starts with inputs, steps, item, index, workflow, run, callback or secrets."
    ],
    "item outside of forEach": [
        "line 3, column 25, steps[0].params: item and index are available only in the params of a step with forEach."
    ],
    "an expression that cannot be read": [
        "line 3, column 34, steps[0].params.url: The expression `inputs.` cannot be evaluated, at character 8: it ends too early."
    ],
    "an expression of two": [
        "line 3, column 14, steps[0].when: The expression `a b` cannot be evaluated, at character 3: unexpected 'b'."
    ],
    "an empty expression": ["line 3, column 14, steps[0].when: The expression `` cannot be evaluated: it is empty."],
    "an expression without an end": [
        "line 3, column 14, steps[0].when: The expression in '${{ inputs.x' has no end: `}}` is missing."
    ],
    "an unknown function": [
        "line 3, column 14, steps[0].when: The expression `lenght(inputs)` cannot be evaluated: there is no function lenght. Did you mean length?"
    ],
    "an output of an unknown step": ["line 3, column 1, output: There is no step b. There are: a."],
    "a timeout that is a number": ['line 2, column 1, timeout: A duration is an ISO 8601 text, such as "PT1H30M".'],
    "a timeout of words": [
        'line 2, column 1, timeout: "5 minutes" is not an ISO 8601 duration such as PT30S, PT1H30M or P1D.'
    ],
    "a step's timeout is too long": [
        "line 2, column 29, steps[0].timeout: This must be longer than PT0S and at most PT1H; it is P1D."
    ],
    "a priority beyond ten": ["line 2, column 30, steps[0].priority: priority must be at most 10; it is 11."],
    "an unknown way to fail": [
        "line 2, column 30, steps[0].onFailure: onFailure must be fail, continue or compensate."
    ],
    "retries without a wait": [
        "line 2, column 67, steps[0].retry: offsets: offsets is empty, so there is no wait to repeat. Give at least one, or omit it."
    ],
    "a status that is a text": ["line 2, column 67, steps[0].retry: statuses.0: 0 must be a whole number."],
    "offsets and backoff": ["line 2, column 67, steps[0].retry: backoff: Give offsets or backoff, not both."],
    "an unknown key of retry": [
        "line 2, column 67, steps[0].retry: tries: There is no tries here. Did you mean maxRetries?"
    ],
    "a wrong schedule": [
        'line 2, column 1, schedule: cron.expression: The minute field "61" of the cron expression is invalid: minutes are 0 to 59, as in "*/15 * * * *".'
    ],
    "two schedules": ["line 2, column 1, schedule: A schedule has exactly one of at, every and cron."],
    "an unknown zone": [
        'line 2, column 1, schedule: cron.timeZone: The time zone "Europe/Berln" is unknown. Did you mean Europe/Berlin?'
    ],
    "an unknown overlap": ["line 2, column 1, overlap: overlap must be SKIP, QUEUE or ALLOW."],
    "an unknown type of input": [
        "line 2, column 14, inputs.n.type: type must be string, integer, number, boolean, array, object or any."
    ],
    "a default of another type": ["line 2, column 29, inputs.n.default: The default of n is not of the type integer."],
    "a wait for nothing": [
        "line 2, column 18, steps[0].wait: A wait has exactly one of a duration, such as PT5M, and `until`, a time."
    ],
    "a wait with two ends": [
        "line 2, column 18, steps[0].wait: A wait has exactly one of a duration, such as PT5M, and `until`, a time."
    ],
    "an approval by nobody": ["line 2, column 18, steps[0].approval.by: by is missing."],
    "an approval that answers maybe": [
        "line 2, column 56, steps[0].approval.onTimeout: onTimeout must be fail or approve."
    ],
    "too many items": ["line 2, column 89, steps[0].forEach.maxItems: maxItems must be at most 10000; it is 20000."],
    "a compensation by an unknown job": [
        "line 2, column 82, steps[0].compensation.job: There is no job undo on this server. There are: KINDS."
    ],
    "half a character": ["line 2, column 16: The string has a lone surrogate (U+D800), which is not a character."],
    "a wrong boolean": ["line 3, column 9, output: 'maybe' is not a value of the type !!bool."],
    "a name that is a number in YAML": ['line 3, column 10, output: A name must be a string: write "1".'],
    "merging": ["line 3, column 28, output.c: << (merge keys) is not supported; write the keys out."],
    "a condition without its braces": [
        "line 2, column 30, steps[0].when: This must be an expression between ${{ and }}; 'inputs.x == 1' is plain text."
    ],
    "items without their braces": [
        "line 2, column 67, steps[0].forEach.items: This must be an expression between ${{ and }}; 'inputs.x' is plain text."
    ],
    "items that are a number": [
        "line 2, column 77, steps[0].forEach.items: items must be an array, or an expression that returns one."
    ],
    "a wait of words": [
        'line 2, column 18, steps[0].wait.duration: "soon" is not an ISO 8601 duration such as PT30S, PT1H30M or P1D.'
    ],
    "an approval by two at signs": [
        "line 2, column 29, steps[0].approval.by: 'a@b@c' is not an email address such as name@example.com: "
        "The part after the @-sign contains invalid characters: '@'."
    ],
    "a mail to two at signs": [
        "line 2, column 59, steps[0].params.to[1]: 'a@b@c' is not an email address such as name@example.com: "
        "The part after the @-sign contains invalid characters: '@'."
    ],
    "an approval by a name": [
        "line 2, column 29, steps[0].approval.by: by must be a user's email address or admins; 'bob' is neither."
    ],
    "true for a number": ["line 2, column 1, concurrency: concurrency must be a whole number."],
    "a text for a number of steps at once": ["line 2, column 1, concurrency: concurrency must be a whole number."],
    "a wrong shape and an unknown job": [
        "line 3, column 14, steps[0].job: There is no job htpp on this server. Did you mean http?",
        "line 3, column 25, steps[0].priority: priority must be at most 10; it is 99.",
    ],
    "several faults at once": [
        "line 3, column 14, steps[0].job: There is no job htpp on this server. Did you mean http?",
        "line 4, column 25, steps[1].params.url: url is missing.",
        "line 5, column 38, steps[2].dependsOn[0]: There is no step d. There are: a, b, c.",
    ],
}


def check(text: str) -> WorkflowDefinition:
    return parse_definition(parse_yaml(text), registry.RegisteredJobs())


@pytest.mark.parametrize("name", YAML)
def test_a_fault_says_what_is_wrong_where_and_what_would_be_right(name: str) -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        check(YAML[name])
    kinds = ", ".join(sorted(registry.load_jobs()))
    assert [str(fault) for fault in caught.value.faults] == [
        message.replace("KINDS", kinds) for message in MESSAGES[name]
    ]


def test_there_are_many() -> None:
    assert len(YAML) >= 50
    assert set(MESSAGES) == set(YAML)


def test_faults_of_an_object_have_no_lines() -> None:
    with pytest.raises(WorkflowInvalid) as caught:
        parse_definition(
            WorkflowSource({"name": "w", "steps": [{"key": "a", "job": "htpp"}]}), registry.RegisteredJobs()
        )
    assert [str(fault) for fault in caught.value.faults] == [
        "steps[0].job: There is no job htpp on this server. Did you mean http?"
    ]
