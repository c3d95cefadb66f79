# ruff: noqa: E501  # tables read best in rows
"""Tasks and runs over HTTP."""

from datetime import timedelta
from typing import Any

from tests.graphql.conftest import HTTP_JOB, T0, Api, run_document
from tocsin import clock
from tocsin.documents import Doc
from tocsin.graphql import ids

ERRORS = "userErrors { field code message }"


async def _stored(api: Api) -> Doc:
    found = await api.database.tasks.find_one({})
    assert found is not None
    return found


async def test_a_task_is_saved_with_all_that_was_given(api: Api) -> None:
    given = {
        "name": "report",
        "tags": ["a", "b"],
        "job": {
            "http": {
                "url": "https://example.com/x",
                "method": "POST",
                "headers": {"X-A": "1"},
                "body": {"n": [1, None]},
            }
        },
        "schedule": {"cron": {"expression": "0 9 * * 1-5", "timeZone": "Europe/Berlin"}},
        "misfire": {"policy": "RUN_ALL", "grace": "PT5M", "maxRuns": 7},
        "overlap": "QUEUE",
        "retry": {"offsets": ["PT10S", "PT1M"], "statuses": [503, 429]},
        "timeout": "PT2.5S",
    }
    fields = """
      name tags status version timeout overlap consecutiveFailures lastRun { id }
      job { kind ... on HttpJob { url method headers { name value } secretHeaders body bodyText hasToken connectTimeout } }
      schedule { summary ... on CronSchedule { expression timeZone } }
      misfire { policy grace maxRuns } retry { maxRetries offsets statuses backoff { initial } }
    """
    payload = await api.alice.do("createTask", given, f"task {{ {fields} }} {ERRORS}")
    assert payload == {
        "userErrors": [],
        "task": {
            "name": "report", "tags": ["a", "b"], "status": "PENDING", "version": 1, "timeout": "PT2.5S", "overlap": "QUEUE",
            "consecutiveFailures": 0, "lastRun": None,
            "job": {
                "kind": "http", "url": "https://example.com/x", "method": "POST", "headers": [{"name": "X-A", "value": "1"}],
                "secretHeaders": [], "body": {"n": [1, None]}, "bodyText": None, "hasToken": False, "connectTimeout": None,
            },
            "schedule": {"summary": "at 09:00 on Monday through Friday in Europe/Berlin (cron 0 9 * * 1-5)", "expression": "0 9 * * 1-5", "timeZone": "Europe/Berlin"},
            "misfire": {"policy": "RUN_ALL", "grace": "PT5M", "maxRuns": 7},
            "retry": {"maxRetries": 2, "offsets": ["PT10S", "PT1M"], "statuses": [429, 503], "backoff": None},
        },
    }  # fmt: skip
    assert api.woken.due == [(await _stored(api))["next_run_at"]]


async def test_defaults_in_effect_are_shown(api: Api) -> None:
    task = await api.alice.create(retry={"backoff": {"initial": "PT1S"}})
    query = """query($id: ID!) { task(id: $id) { timeout overlap misfire { policy grace maxRuns }
      retry { maxRetries offsets statuses backoff { initial factor max jitter } } } }"""
    assert (await api.alice.ask(query, id=task))["task"] == {
        "timeout": "PT10S",
        "overlap": "SKIP",
        "misfire": {"policy": "RUN_ONCE", "grace": "PT1M", "maxRuns": 100},
        "retry": {
            "maxRetries": 3, "offsets": [], "statuses": None,
            "backoff": {"initial": "PT1S", "factor": 2.0, "max": "P1D", "jitter": 0.0},
        },
    }  # fmt: skip
    retry = (
        "query($id: ID!) { task(id: $id) { retry { maxRetries offsets statuses backoff { initial factor max jitter } } "
        "} }"
    )
    hourly = {"initial": "PT10S", "factor": 10.0, "max": "PT30M", "jitter": 0.2}
    cases: list[tuple[dict[str, Any], int, list[int] | None]] = [
        ({}, 3, None),
        ({"retry": {"maxRetries": 2, "statuses": [503]}}, 2, [503]),
    ]
    for given, most, statuses in cases:
        other = await api.alice.create(**given)
        assert (await api.alice.ask(retry, id=other))["task"]["retry"] == {
            "maxRetries": most, "offsets": [], "statuses": statuses, "backoff": hourly
        }  # fmt: skip
    short = await api.alice.create(schedule={"cron": {"expression": "*/15 * * * * *"}})
    assert (await api.alice.ask(retry, id=short))["task"]["retry"]["backoff"] == {
        "initial": "PT1.25S", "factor": 1.79, "max": "PT7.5S", "jitter": 0.2
    }  # fmt: skip


async def test_now_and_a_passed_time_that_is_to_run_now(api: Api) -> None:
    fields = "task { nextRunAt createdAt schedule { ... on OnceSchedule { at } } } " + ERRORS
    base = {"name": "once", "job": HTTP_JOB}
    past = {"at": "2020-01-01T00:00:00Z"}
    for given in ({"schedule": {"now": True}}, {"schedule": past, "ifPast": "RUN_NOW"}):
        task = (await api.alice.do("createTask", base | given, fields))["task"]
        assert task["nextRunAt"] == task["createdAt"] == task["schedule"]["at"]
    refused = await api.alice.do("createTask", base | {"schedule": past}, fields)
    assert [(error["field"], error["code"]) for error in refused["userErrors"]] == [(["schedule", "at"], "INVALID")]


async def test_an_update_keeps_what_is_absent_and_resets_what_is_null(api: Api) -> None:
    task = await api.alice.create(tags=["a"], timeout="PT5S", overlap="ALLOW", retry={"maxRetries": 9})
    fields = f"task {{ name tags timeout overlap version retry {{ maxRetries }} }} {ERRORS}"
    renamed = await api.alice.do("updateTask", {"id": task, "name": "pong"}, fields)
    assert renamed["task"] == {
        "name": "pong", "tags": ["a"], "timeout": "PT5S", "overlap": "ALLOW", "version": 2, "retry": {"maxRetries": 9}
    }  # fmt: skip
    nulls = {"tags": None, "timeout": None, "overlap": None, "retry": None, "misfire": None}
    reset = await api.alice.do("updateTask", {"id": task, **nulls}, fields)
    assert reset["task"] == {
        "name": "pong", "tags": [], "timeout": "PT10S", "overlap": "SKIP", "version": 3, "retry": {"maxRetries": 3}
    }  # fmt: skip


async def test_an_update_of_an_older_version_is_a_conflict(api: Api) -> None:
    task = await api.alice.create()
    for name in ("name", "job"):
        change = {"name": "x"} if name == "name" else {"job": HTTP_JOB}
        stale = await api.alice.do("updateTask", {"id": task, "expectedVersion": 7, **change})
        assert stale["userErrors"] == [
            {"field": ["expectedVersion"], "code": "CONFLICT", "message": (
                "The task has changed: its version is 1. Fetch it again."
            )}
        ]  # fmt: skip
    good = await api.alice.do(
        "updateTask", {"id": task, "expectedVersion": 1, "name": "x"}, f"task {{ version }} {ERRORS}"
    )
    assert good == {"task": {"version": 2}, "userErrors": []}


async def test_secrets_are_kept_in_an_update_and_never_shown(api: Api) -> None:
    http = {
        "url": "https://example.com/",
        "token": "tok-sekret-1",
        "headers": {"X-Api-Key": "key-sekret-2", "X-B": "b-sekret-3"},
    }
    http["secretHeaders"] = ["X-B"]
    task = await api.alice.create(job={"http": http}, idempotencyKey="k")
    before = (await _stored(api))["job"]["params"]
    fields = "task { job { ... on HttpJob { url hasToken secretHeaders headers { name } } } } userErrors { message }"
    kept = {"url": "https://example.com/new", "secretHeaders": ["X-Api-Key", "X-B"]}
    payload = await api.alice.do("updateTask", {"id": task, "job": {"http": kept}}, fields)
    assert payload["task"]["job"] == {
        "url": "https://example.com/new", "hasToken": True, "secretHeaders": ["X-Api-Key", "X-B"], "headers": []
    }  # fmt: skip
    after = (await _stored(api))["job"]["params"]
    assert after["token"] == before["token"]
    box = api.services.secrets
    assert api.alice.user is not None
    assert {box.unseal_without_reload(header["sealed"], api.alice.user.id) for header in after["secret_headers"]} == {
        "key-sekret-2",
        "b-sekret-3",
    }
    everything = [
        payload,
        await api.alice.ask("{ tasks { nodes { job { ... on HttpJob { headers { value } secretHeaders body } } } } }"),
    ]
    assert "sekret" not in str(everything)
    assert "sekret" not in str(await api.database.tasks.find({}).to_list())
    assert "sekret" not in str(await api.database.idempotency_keys.find({}).to_list())
    removed = await api.alice.do(
        "updateTask", {"id": task, "job": {"http": {"url": "https://example.com/", "token": ""}}}, fields
    )
    assert removed["task"]["job"]["hasToken"] is False


async def test_secrets_do_not_move_to_another_server_unasked(api: Api) -> None:
    http = {"url": "https://example.com/", "token": "tok-sekret-1", "headers": {"X-Api-Key": "key-sekret-2"}}
    task = await api.alice.create(job={"http": http})
    before = await _stored(api)
    away = {"url": "https://evil.example/", "secretHeaders": ["X-Api-Key"]}
    faults = [
        await api.alice.do("updateTask", {"id": task, "job": {"http": change}}, ERRORS)
        for change in ({**away, "token": "new"}, {"url": away["url"]})
    ]
    assert [error["field"] for fault in faults for error in fault["userErrors"]] == [
        ["job", "http", "headers", "X-Api-Key"],
        ["job", "http", "token"],
    ]
    assert await _stored(api) == before
    moved = {**away, "token": "", "headers": {"X-Api-Key": "new"}}
    assert (await api.alice.do("updateTask", {"id": task, "job": {"http": moved}}, ERRORS))["userErrors"] == []


async def test_pause_resume_cancel_delete(api: Api) -> None:
    task = await api.alice.create()
    stored = await _stored(api)
    running = run_document(stored["_id"], T0, status="RUNNING", open=True)
    await api.database.runs.insert_one(running)
    fields = f"task {{ status nextRunAt }} {ERRORS}"
    paused = await api.alice.do("pauseTask", {"id": task}, fields)
    assert paused == {"task": {"status": "PAUSED", "nextRunAt": None}, "userErrors": []}
    assert api.woken.cancelled == []
    resumed = await api.alice.do("resumeTask", {"id": task}, fields)
    assert resumed["task"]["nextRunAt"] is not None
    cancelled = await api.alice.do("cancelTask", {"id": task}, fields)
    assert cancelled["task"] == {"status": "CANCELLED", "nextRunAt": None}
    assert api.woken.cancelled == [running["_id"]]
    refused = await api.alice.do("pauseTask", {"id": task}, fields)
    assert refused["task"] is None
    assert refused["userErrors"][0]["code"] == "CONFLICT"
    revived = await api.alice.do("updateTask", {"id": task, "schedule": {"every": {"interval": "PT1H"}}}, fields)
    assert revived["task"]["status"] == "PENDING"
    deleted = await api.alice.do("deleteTask", {"id": task}, "deletedTaskId userErrors { code }")
    assert deleted == {"deletedTaskId": task, "userErrors": []}
    assert api.woken.cancelled == [running["_id"]] * 2
    history = await api.alice.ask("{ runs { nodes { taskName task { id } } } }")
    assert history["runs"]["nodes"] == [{"taskName": "ping", "task": None}]
    again = await api.alice.do("deleteTask", {"id": task}, "deletedTaskId userErrors { code }")
    assert again == {"deletedTaskId": None, "userErrors": [{"code": "NOT_FOUND"}]}


async def test_run_now_cancel_and_retry(api: Api) -> None:
    task = await api.alice.create()
    run = (await api.alice.do("runTask", {"id": task}, f"task {{ id }} run {{ id status trigger }} {ERRORS}"))["run"]
    assert (run["status"], run["trigger"], api.woken.queued) == ("QUEUED", "MANUAL", 1)
    fields = f"run {{ status reason reasonText finishedAt }} {ERRORS}"
    cancelled = (await api.alice.do("cancelRun", {"id": run["id"]}, fields))["run"]
    assert (cancelled["status"], cancelled["reason"]) == ("CANCELLED", "CANCEL_REQUESTED")
    assert cancelled["reasonText"] == "Its cancellation was requested."
    retried = (await api.alice.do("retryRun", {"id": run["id"]}, fields))["run"]
    assert (retried["status"], retried["reason"], retried["finishedAt"]) == ("QUEUED", None, None)
    conflict = await api.alice.do("retryRun", {"id": run["id"]}, fields)
    assert conflict["userErrors"][0]["code"] == "CONFLICT"


async def test_cancelling_a_running_run_aborts_it(api: Api) -> None:
    await api.alice.create()
    run = run_document((await _stored(api))["_id"], T0, status="RUNNING", open=True)
    await api.database.runs.insert_one(run)
    payload = await api.alice.do(
        "cancelRun", {"id": ids.encode_id("Run", run["_id"])}, "run { status cancelRequestedAt } userErrors { code }"
    )
    assert payload["run"]["status"] == "RUNNING"
    assert payload["run"]["cancelRequestedAt"] is not None
    assert api.woken.cancelled == [run["_id"]]


async def test_the_same_idempotency_key_answers_the_same(api: Api) -> None:
    at = clock.now() + timedelta(milliseconds=300)
    given = {"name": "once", "job": HTTP_JOB, "schedule": {"at": at.isoformat()}, "idempotencyKey": "k1"}
    fields = "task { id } userErrors { field code }"
    first = await api.alice.do("createTask", given, fields)
    while clock.now() <= at:
        await api.database.ping()
    assert await api.alice.do("createTask", given, fields) == first  # although the time has passed by now
    assert await api.database.tasks.count_documents({}) == 1
    other = await api.alice.do("createTask", given | {"name": "twice"}, fields)
    assert other["userErrors"] == [{"field": ["idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED"}]
    bobs = await api.bob.do("createTask", given | {"schedule": {"now": True}}, fields)
    assert bobs["userErrors"] == []
    ask = {"id": first["task"]["id"], "idempotencyKey": "k1"}
    runs = [(await api.alice.do("runTask", ask, "run { id } userErrors { code }"))["run"]["id"] for _ in range(2)]
    assert runs[0] == runs[1]
    await api.alice.do("deleteTask", {"id": first["task"]["id"]}, "userErrors { code }")
    gone = await api.alice.do("createTask", given, fields)
    assert gone["userErrors"] == [{"field": ["idempotencyKey"], "code": "CONFLICT"}]


async def test_a_run_shows_every_attempt(api: Api) -> None:
    await api.alice.create()
    request = {"method": "GET", "url": "https://example.com/hook", "headers": [["Authorization", "***"]]}
    attempt = {
        "number": 1, "started_at": T0, "finished_at": T0 + timedelta(milliseconds=1250), "worker": "w", "outcome": "FAILED",
        "request": request, "status_code": 503, "response_headers": [["Retry-After", "1"]], "response_truncated": True,
        "has_body": True, "redirects": 2, "timings": {"total": 1250.5, "first_byte": 9.25},
        "error": {"kind": "HTTP_STATUS", "message": "The server answered 503.", "hint": None},
    }  # fmt: skip
    running = {"number": 2, "started_at": T0 + timedelta(hours=1), "worker": "w"}
    run = run_document(
        (await _stored(api))["_id"],
        T0,
        status="RUNNING",
        open=True,
        attempts=[attempt, running],
        error=attempt["error"],
    )
    await api.database.runs.insert_one(run)
    await api.database.response_bodies.insert_one({"_id": f"{run['_id']}#1", "text": "busy"})
    query = """query($id: ID!) { run(id: $id) { error { kind message hint } attempts { number startedAt finishedAt durationMs worker
      outcome statusCode responseBody responseTruncated redirects request { method url headers { name value } }
      responseHeaders { name value } timings { dns connect firstByte total } error { kind } } } }"""
    found = (await api.alice.ask(query, id=ids.encode_id("Run", run["_id"])))["run"]
    first, second = found["attempts"]
    assert found["error"] == {"kind": "HTTP_STATUS", "message": "The server answered 503.", "hint": None}
    assert first == {
        "number": 1, "startedAt": "2026-03-01T12:00:00Z", "finishedAt": "2026-03-01T12:00:01.250Z", "durationMs": 1250, "worker": "w",
        "outcome": "FAILED", "statusCode": 503, "responseBody": "busy", "responseTruncated": True, "redirects": 2,
        "request": {"method": "GET", "url": "https://example.com/hook", "headers": [{"name": "Authorization", "value": "***"}]},
        "responseHeaders": [{"name": "Retry-After", "value": "1"}],
        "timings": {"dns": None, "connect": None, "firstByte": 9.25, "total": 1250.5}, "error": {"kind": "HTTP_STATUS"},
    }  # fmt: skip
    assert (second["number"], second["outcome"], second["durationMs"], second["responseBody"]) == (2, None, None, None)


async def test_a_count_beyond_the_apis_whole_numbers_is_told_as_the_largest(api: Api) -> None:
    await api.alice.create()
    missed: dict[str, Any] = {
        "status": "MISSED",
        "reason": "MISFIRE",
        "missed_until": T0,
        "missed_count": 5_400_000_000,
    }
    await api.database.runs.insert_one(run_document((await _stored(api))["_id"], T0, **missed))
    (found,) = (await api.alice.ask("{ runs { nodes { missedCount } } }"))["runs"]["nodes"]
    assert (found["missedCount"], type(found["missedCount"])) == (2_147_483_647, int)


async def test_what_was_missed_is_told_in_words(api: Api) -> None:
    await api.alice.create()
    until, task = T0 + timedelta(hours=3), (await _stored(api))["_id"]
    missed: dict[str, Any] = {"status": "MISSED", "reason": "MISFIRE", "missed_until": until, "missed_count": 4}
    await api.database.runs.insert_one(run_document(task, T0, **missed))
    await api.database.runs.insert_one(run_document(task, until, **missed | {"missed_count": 1}))
    found = (await api.alice.ask("{ runs { nodes { missedCount missedUntil reasonText } } }"))["runs"]["nodes"]
    assert all(type(run["missedCount"]) is int for run in found)
    one, several = "It was due at 2026-03-01T15:00:00Z, while no server could run it.", (
        "4 due times from 2026-03-01T12:00:00Z to 2026-03-01T15:00:00Z passed while no server could run them."
    )  # fmt: skip
    assert found == [
        {"missedCount": 1, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": one},
        {"missedCount": 4, "missedUntil": "2026-03-01T15:00:00Z", "reasonText": several},
    ]


async def test_a_task_that_waits_for_its_turn_says_so(api: Api) -> None:
    given = {"name": "late", "job": HTTP_JOB, "schedule": {"every": {"interval": "PT1H"}}}
    await api.alice.do("createTask", given, f"task {{ id }} {ERRORS}")
    stored = await _stored(api)
    (ahead,) = (await api.alice.ask("{ tasks { nodes { waitingText } } }"))["tasks"]["nodes"]
    late = {"next_run_at": clock.now() - timedelta(seconds=9)}
    await api.database.tasks.update_one({"_id": stored["_id"]}, {"$set": late})
    (waits,) = (await api.alice.ask("{ tasks { nodes { waitingText } } }"))["tasks"]["nodes"]
    assert ahead["waitingText"] is None
    assert "is waiting for its turn" in waits["waitingText"]


async def test_a_run_that_was_claimed_and_has_not_begun_is_found_as_queued(api: Api) -> None:
    await api.alice.create()
    task_id = (await _stored(api))["_id"]
    states = [("RUNNING", {"begun": False}), ("RUNNING", {}), ("CANCELLED", {"begun": False}), ("QUEUED", {})]
    runs = [
        run_document(task_id, T0 + number * timedelta(minutes=1), status=status, open=status != "CANCELLED", **more)
        for number, (status, more) in enumerate(states)
    ]
    await api.database.runs.insert_many(runs)
    query = "query($s: [RunStatus!]!) { runs(filter: {status: $s}) { totalCount nodes { status } } }"
    for asked, expected in (
        (["QUEUED"], ["QUEUED", "QUEUED"]),
        (["RUNNING"], ["RUNNING"]),
        (["CANCELLED", "RUNNING"], ["CANCELLED", "RUNNING"]),
        (["QUEUED", "RUNNING"], ["QUEUED", "QUEUED", "RUNNING"]),
    ):
        found = (await api.alice.ask(query, s=asked))["runs"]
        assert sorted(run["status"] for run in found["nodes"]) == expected
        assert found["totalCount"] == len(expected)
