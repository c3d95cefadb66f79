# ruff: noqa: E501  # tables read best in rows
"""Wrong input: where the fault is, and what is said of it."""

from typing import Any

from tests.graphql.conftest import HTTP_JOB, Api

GOOD: dict[str, Any] = {"name": "ping", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}}
NOW_FALSE = "now must be true. Leave it out to set another kind of schedule."
PAST = "This time has passed. Set a later time, or set ifPast to RUN_NOW to run once now."
CASES: list[tuple[dict[str, Any], list[str], str]] = [
    ({"name": " "}, ["name"], "name must have 1 to 200 characters, not only spaces."),
    ({"name": "x" * 201}, ["name"], "name must have 1 to 200 characters, not only spaces."),
    ({"tags": ["a", "a"]}, ["tags"], "tags must have at most 20 entries without duplicates."),
    ({"timeout": "PT0S"}, ["timeout"], "timeout must be longer than PT0S and at most PT1H."),
    ({"timeout": "PT2H"}, ["timeout"], "timeout must be longer than PT0S and at most PT1H."),
    ({"schedule": {"now": False}}, ["schedule", "now"], NOW_FALSE),
    ({"schedule": {"at": "2020-01-01T00:00:00Z"}}, ["schedule", "at"], PAST),
    ({"schedule": {"at": "9999-01-01T00:00:00Z"}}, ["schedule", "at"], "The time must be between the years 1970 and 9998."),
    ({"schedule": {"every": {"interval": "PT0.5S"}}}, ["schedule", "every", "interval"], 'The interval must be between one second and 100 years, for example "PT15M".'),
    ({"schedule": {"every": {"interval": "P999999D"}}}, ["schedule", "every", "interval"], 'The interval must be between one second and 100 years, for example "PT15M".'),
    ({"schedule": {"every": {"interval": "PT1H", "start": "2027-01-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}}}, ["schedule", "every", "end"], "The end is before the start. It must be the same time or later."),
    ({"schedule": {"every": {"interval": "PT1H", "start": "2020-01-01T00:00:00Z", "end": "2020-12-01T00:00:00Z"}}}, ["schedule"], "The schedule has no due time in the future."),
    ({"schedule": {"cron": {"expression": "0 9 * * 1-5", "timeZone": "Berlin"}}}, ["schedule", "cron", "timeZone"], 'The time zone "Berlin" is unknown. Did you mean Europe/Berlin?'),
    ({"alertAfter": 0}, ["alertAfter"], "alertAfter must be 1 to 100, not 0."),
    ({"alertAfter": 101}, ["alertAfter"], "alertAfter must be 1 to 100, not 101."),
    ({"pauseAfter": 0}, ["pauseAfter"], "pauseAfter must be 1 to 1,000, not 0; null turns it off."),
    ({"pauseAfter": 1001}, ["pauseAfter"], "pauseAfter must be 1 to 1,000, not 1001; null turns it off."),
    ({"misfire": {"maxRuns": 0}}, ["misfire", "maxRuns"], "maxRuns must be 1 to 1000."),
    ({"misfire": {"grace": "P400D"}}, ["misfire", "grace"], "grace must be from PT0S to P366D."),
    ({"retry": {"maxRetries": -1}}, ["retry", "maxRetries"], "maxRetries must be 0 to 99."),
    ({"retry": {"offsets": ["PT1S"], "backoff": {"initial": "PT1S"}}}, ["retry", "backoff"], "Give offsets or backoff, not both."),
    ({"retry": {"offsets": [], "maxRetries": 2}}, ["retry", "offsets"], "offsets is empty, so there is no wait to repeat. Give at least one, or omit it."),
    ({"retry": {"offsets": ["P400D"]}}, ["retry", "offsets"], "Each offset must be from PT0S to P366D."),
    ({"retry": {"statuses": [99]}}, ["retry", "statuses"], "HTTP statuses are numbers from 100 to 599."),
    ({"retry": {"backoff": {"initial": "PT0S"}}}, ["retry", "backoff", "initial"], "initial must be longer than PT0S and at most P366D."),
    ({"retry": {"backoff": {"initial": "PT2S", "max": "PT1S"}}}, ["retry", "backoff", "max"], "max must be at least initial and at most P366D."),
    ({"idempotencyKey": ""}, ["idempotencyKey"], "idempotencyKey must have 1 to 200 characters."),
    ({"job": {"http": {"url": "https://example.com", "headers": [1]}}}, ["job", "http", "headers"], 'A list of headers has objects with a name and a value.'),
    ({"job": {"http": {"url": "https://example.com", "bodyForm": "x"}}}, ["job", "http", "bodyForm"], 'bodyForm must be an object of names and values.'),
    ({"job": {"http": {"url": "https://example.com", "body": 1, "bodyText": "x"}}}, ["job", "http", "bodyText"], "Give at most one of body, bodyText and bodyForm."),
    ({"job": {"http": {"url": "http://example.com:6379/"}}}, ["job", "http", "url"], "The url cannot be called. Port 6379 may not be called: it is reserved for services that do not speak HTTP. Use another port. The operator can allow a port with TOCSIN_DENIED_PORTS."),
    ({"job": {"http": {"url": "http://169.254.169.254/"}}}, ["job", "http", "url"], "The url cannot be called. 169.254.169.254 may not be called: it is not a public address. Use a public address. The operator can allow a network with TOCSIN_ALLOWED_NETWORKS."),
    ({"job": {"custom": {"type": "http", "params": {"url": "http://localhost/"}}}}, ["job", "custom", "params", "url"], "The url cannot be called. 127.0.0.1, the address of localhost, may not be called: it is not a public address. Use a public address. The operator can allow a network with TOCSIN_ALLOWED_NETWORKS."),
    ({"job": {"http": {"url": "https://example.com", "connectTimeout": "PT0S"}}}, ["job", "http", "connectTimeout"], "The connect timeout must be more than 0 and at most 300 seconds."),
]  # fmt: skip


async def test_errors_of_a_task_are_user_errors_at_their_path(api: Api) -> None:
    for wrong, field, message in CASES:
        payload = await api.alice.do("createTask", GOOD | wrong, "task { id } userErrors { field code message }")
        assert payload == {"task": None, "userErrors": [{"field": field, "code": "INVALID", "message": message}]}, wrong
    assert await api.database.tasks.count_documents({}) == 0


async def test_errors_of_an_update_have_the_same_paths(api: Api) -> None:
    task = await api.alice.create()
    for wrong, field, message in CASES:
        if "idempotencyKey" not in wrong:
            payload = await api.alice.do("updateTask", {"id": task, **wrong})
            assert payload == {"userErrors": [{"field": field, "code": "INVALID", "message": message}]}, wrong


async def test_errors_of_any_kind_name_their_field(api: Api) -> None:
    for url in ("ftp://example.com", "example.com", "https://", "https://user:pw@example.com/", "https://exa mple.com"):
        payload = await api.alice.do("createTask", GOOD | {"job": {"http": {"url": url}}})
        assert [(error["field"], error["code"]) for error in payload["userErrors"]] == [
            (["job", "http", "url"], "INVALID")
        ], url
    for expression in ("", "61 * * * *", "* * *", "@sometimes", "0 0 31 2 *"):
        cron = {"cron": {"expression": expression}}
        payload = await api.alice.do("createTask", GOOD | {"schedule": cron})
        assert [error["field"] for error in payload["userErrors"]] == [["schedule", "cron", "expression"]], expression
        answer = await api.alice.post("query($s: ScheduleInput!) { schedulePreview(schedule: $s) }", {"s": cron})
        assert answer["errors"][0]["extensions"] == {
            "code": "BAD_USER_INPUT",
            "field": ["schedule", "cron", "expression"],
        }


async def test_what_the_schema_refuses_is_bad_input(api: Api) -> None:
    create = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } } }"
    refused: tuple[dict[str, Any], ...] = (
        {"schedule": {}},
        {"schedule": {"now": True, "at": "2999-01-01T00:00:00Z"}},
        {"schedule": {"at": None}},
        {"schedule": {"at": "2999-01-01T00:00:00"}},
        {"schedule": {"every": {"interval": 60}}},
        {"job": {}},
        {"job": {"http": {"url": ""}}},
        {"job": {"http": {"url": "https://example.com", "method": "TRACE"}}},
        {"name": None},
        {"unknown": 1},
        {"retry": {"maxRetries": 3_000_000_000}},
    )
    for wrong in refused:
        answer = await api.alice.post(create, {"i": GOOD | wrong})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"], (wrong, answer)


async def test_an_address_that_can_never_be_called_is_refused_wherever_it_is_saved(api: Api) -> None:
    job = {"http": {"url": "http://[::ffff:169.254.169.254]/"}}
    task = await api.alice.create()
    updated = await api.alice.do("updateTask", {"id": task, "job": job}, "userErrors { field message }")
    batch = {"tasks": [GOOD, GOOD | {"job": job}], "idempotencyKey": "k"}
    created = await api.alice.do("createTasks", batch, "results { userErrors { field message } }")
    step = {"key": "a", "job": "http", "params": {"url": job["http"]["url"]}}
    save = "mutation($definition: JSON!) { saveWorkflow(input: {definition: $definition}) { userErrors { field message } } }"
    saved = (await api.alice.ask(save, definition={"name": "w", "steps": [step]}))["saveWorkflow"]
    fields = []
    for payload in (updated, created["results"][1], saved):
        (error,) = payload["userErrors"]
        assert "may not be called: it is not a public address." in error["message"]
        fields.append(error["field"])
    assert fields[0] == ["job", "http", "url"]
    assert fields[1][-3:] == ["job", "http", "url"]
    assert await api.database.tasks.count_documents({}) == 1


async def test_all_errors_of_a_task_are_reported_together(api: Api) -> None:
    wrong = {
        "name": " ",
        "tags": ["a", "a"],
        "job": {"http": {"url": "ftp://example.com", "headers": {"Host": "x"}, "body": 1, "bodyText": "x", "connectTimeout": "PT0S"}},
        "schedule": {"cron": {"expression": "61 * * * *"}},
        "misfire": {"maxRuns": 0},
        "retry": {"statuses": [99], "offsets": ["PT1S"]},
        "timeout": "PT2H",
    }  # fmt: skip
    fields = [
        "job.http.url", "job.http.headers.Host", "job.http.bodyText", "job.http.connectTimeout", "name", "tags",
        "schedule.cron.expression", "misfire.maxRuns", "retry.statuses", "timeout",
    ]  # fmt: skip
    payload = await api.alice.do("createTask", wrong)
    assert [".".join(error["field"]) for error in payload["userErrors"]] == fields
    task = await api.alice.create()
    payload = await api.alice.do("updateTask", {"id": task, **wrong})
    assert [".".join(error["field"]) for error in payload["userErrors"]] == fields
    query = "mutation($i: CreateTasksInput!) { createTasks(input: $i) { results { userErrors { field } } } }"
    answer = await api.alice.ask(query, i={"tasks": [wrong], "mode": "EACH"})
    (result,) = answer["createTasks"]["results"]
    assert [".".join(error["field"]) for error in result["userErrors"]] == [f"tasks.0.{field}" for field in fields]


async def test_errors_of_two_parameters_are_reported_together(api: Api) -> None:
    job = {"custom": {"type": "email", "params": {"to": [], "subject": "", "bodi": "x"}}}
    payload = await api.alice.do("createTask", GOOD | {"job": job})
    assert [error["field"][3:] for error in payload["userErrors"]] == [["to"], ["subject"], ["body"], ["bodi"]]


async def _any_answer(api: Api, query: str, variables: Any) -> Any:
    """The answer, whatever its status: what is no JSON within bounds is refused before it is looked at."""
    headers = {"Authorization": f"Bearer {api.alice.token}"}
    return (
        await api.alice.http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    ).json()


UNSTORABLE = (10**30, -(2**64), 10**4000, {"$where": 1}, {"a.b": {"\0": 1}}, {"": 1}, {"$oid": "x"})


async def test_any_json_is_stored_or_refused(api: Api) -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    wide = {"a" * 10_000: [1e308, "\0"]}
    for value in (*UNSTORABLE, deep, wide):
        mail = {"to": ["alice@example.com"], "subject": "s", "body": "b", "attachments": [{"name": "n", "json": value}]}
        jobs: list[dict[str, Any]] = [
            {"email": mail}, {"custom": {"type": "email", "params": mail}},
            {"polygonArea": {"geojson": {"type": "Polygon", "coordinates": [], "x": value}}},
            {"countryLookup": {"geojson": {"type": "Point", "coordinates": [1, 2], "x": value}}},
            {"http": {"url": "https://example.com", "method": "POST", "body": value}},
            {"http": {"url": "https://example.com", "method": "POST", "headers": {"X": value}}},
            {"http": {"url": "https://example.com", "method": "POST", "bodyForm": {"a": value}}},
            {"report": {"title": "t", "data": {"values": value}}},
        ]  # fmt: skip
        for job in jobs:
            query = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id job { ... on EmailJob { attachments } ... on HttpJob { body } } } userErrors { field message } } }"
            answer = await _any_answer(api, query, {"i": GOOD | {"job": job}})
            for error in answer.get("errors", ()):
                assert error["extensions"]["code"] == "BAD_USER_INPUT", (str(value)[:50], job.keys(), answer)


async def test_any_json_is_an_input_of_a_workflow_or_refused(api: Api) -> None:
    yaml = "{name: w, inputs: {x: {}}, steps: [{key: a, wait: PT1S}]}"
    await api.alice.ask("mutation($y: String!) { saveWorkflow(input: {yaml: $y}) { userErrors { message } } }", y=yaml)
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    query = "mutation($i: ExecuteWorkflowInput!) { executeWorkflow(input: $i) { workflowRun { inputs } userErrors { field message } } }"
    for value in (*UNSTORABLE, deep):
        answer = await _any_answer(api, query, {"i": {"name": "w", "input": {"x": value}}})
        if "errors" in answer:
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        else:
            payload = answer["data"]["executeWorkflow"]
            assert bool(payload["workflowRun"]) != bool(payload["userErrors"])
    for literal in ("1e999", "9" * 5_000, '"\\ud83d\\ude44"', "[" * 60 + "]" * 60):
        text = f'mutation {{ executeWorkflow(input: {{name: "w", input: {{x: {literal}}}}}) {{ workflowRun {{ input }} userErrors {{ message }} }} }}'
        answer = await api.alice.http.post(
            "/graphql", json={"query": text}, headers={"Authorization": f"Bearer {api.alice.token}"}
        )
        assert "INTERNAL" not in answer.text, literal[:20]
    headers = {"Authorization": f"Bearer {api.alice.token}", "Content-Type": "application/json"}
    for literal in ("1e999", "9" * 4_000, "NaN"):
        raw = f'{{"query": "query($x: JSON) {{ viewer {{ id }} }}", "variables": {{"x": {literal}}}}}'
        answer = await api.alice.http.post("/graphql", content=raw, headers=headers)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["extensions"]["code"]) == (400, "BAD_USER_INPUT")
