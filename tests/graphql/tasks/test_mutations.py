# ruff: noqa: E501  # tables read best in rows
"""Tasks and runs over HTTP."""

from tests.graphql.conftest import HTTP_JOB, T0, Api, run_document, stored_task

ERRORS = "userErrors { field code message }"


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
        "alertAfter": 3,
        "alertOnMissed": True,
        "pauseAfter": 10,
    }
    fields = """
      name tags status version timeout overlap consecutiveFailures lastRun { id }
      alertAfter alertOnMissed pauseAfter
      job { kind ... on HttpJob { url method headers { name value } secretHeaders body bodyText hasToken connectTimeout } }
      schedule { summary ... on CronSchedule { expression timeZone } }
      misfire { policy grace maxRuns } retry { maxRetries offsets statuses backoff { initial } }
    """
    payload = await api.alice.do("createTask", given, f"task {{ {fields} }} {ERRORS}")
    assert payload == {
        "userErrors": [],
        "task": {
            "name": "report", "tags": ["a", "b"], "status": "PENDING", "version": 1, "timeout": "PT2.5S", "overlap": "QUEUE",
            "consecutiveFailures": 0, "lastRun": None, "alertAfter": 3, "alertOnMissed": True, "pauseAfter": 10,
            "job": {
                "kind": "http", "url": "https://example.com/x", "method": "POST", "headers": [{"name": "X-A", "value": "1"}],
                "secretHeaders": [], "body": {"n": [1, None]}, "bodyText": None, "hasToken": False, "connectTimeout": None,
            },
            "schedule": {"summary": "at 09:00 on Monday through Friday in Europe/Berlin (cron 0 9 * * 1-5)", "expression": "0 9 * * 1-5", "timeZone": "Europe/Berlin"},
            "misfire": {"policy": "RUN_ALL", "grace": "PT5M", "maxRuns": 7},
            "retry": {"maxRetries": 2, "offsets": ["PT10S", "PT1M"], "statuses": [429, 503], "backoff": None},
        },
    }  # fmt: skip
    assert api.woken.due == [(await stored_task(api))["next_run_at"]]


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


async def test_the_settings_of_alerts_have_defaults_also_in_tasks_of_earlier_versions(api: Api) -> None:
    fields, defaults = (
        "alertAfter alertOnMissed pauseAfter",
        {"alertAfter": 1, "alertOnMissed": False, "pauseAfter": None},
    )
    changed = {"alertAfter": 100, "alertOnMissed": True, "pauseAfter": 1000}
    task = await api.alice.create()
    for given in (changed, {"alertAfter": 2}, dict.fromkeys(defaults)):
        payload = await api.alice.do("updateTask", {"id": task, **given}, f"task {{ {fields} }} {ERRORS}")
        expected = defaults if None in given.values() else changed | given
        assert payload == {"task": expected, "userErrors": []}
    await api.database.tasks.update_one({}, {"$unset": {"alert_after": 1, "alert_on_missed": 1, "pause_after": 1}})
    payload = await api.alice.do("updateTask", {"id": task, "name": "old"}, f"task {{ {fields} }} {ERRORS}")
    assert payload == {"task": defaults, "userErrors": []}


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
    before = (await stored_task(api))["job"]["params"]
    fields = "task { job { ... on HttpJob { url hasToken secretHeaders headers { name } } } } userErrors { message }"
    kept = {"url": "https://example.com/new", "secretHeaders": ["X-Api-Key", "X-B"]}
    payload = await api.alice.do("updateTask", {"id": task, "job": {"http": kept}}, fields)
    assert payload["task"]["job"] == {
        "url": "https://example.com/new", "hasToken": True, "secretHeaders": ["X-Api-Key", "X-B"], "headers": []
    }  # fmt: skip
    after = (await stored_task(api))["job"]["params"]
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
    before = await stored_task(api)
    away = {"url": "https://evil.example/", "secretHeaders": ["X-Api-Key"]}
    faults = [
        await api.alice.do("updateTask", {"id": task, "job": {"http": change}}, ERRORS)
        for change in ({**away, "token": "new"}, {"url": away["url"]})
    ]
    assert [error["field"] for fault in faults for error in fault["userErrors"]] == [
        ["job", "http", "headers", "X-Api-Key"],
        ["job", "http", "token"],
    ]
    assert await stored_task(api) == before
    moved = {**away, "token": "", "headers": {"X-Api-Key": "new"}}
    assert (await api.alice.do("updateTask", {"id": task, "job": {"http": moved}}, ERRORS))["userErrors"] == []


async def test_pause_resume_cancel_delete(api: Api) -> None:
    task = await api.alice.create()
    stored = await stored_task(api)
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


async def test_a_job_may_expect_a_callback(api: Api) -> None:
    fields = f"task {{ job {{ ... on HttpJob {{ url expectCallback {{ within }} }} }} }} {ERRORS}"
    http = {"url": "https://example.com/?then=${{ callback.url }}", "expectCallback": {"within": "PT90S"}}
    given = {"name": "long", "schedule": {"now": True}, "job": {"http": http}}
    created = await api.alice.do("createTask", given, "task { id } " + fields)
    assert created["task"]["job"] == {
        "url": "https://example.com/?then=${{callback.url}}", "expectCallback": {"within": "PT1M30S"}
    }  # fmt: skip
    task = created["task"]["id"]
    renamed = await api.alice.do("updateTask", {"id": task, "name": "x"}, fields)
    assert renamed["task"] == {"job": created["task"]["job"]}
    plain = {"http": {"url": "https://example.com/"}}
    reset = await api.alice.do("updateTask", {"id": task, "job": plain}, fields)
    assert reset["task"]["job"]["expectCallback"] is None
    refused = await api.alice.do(
        "updateTask", {"id": task, "job": {"http": {**http, "expectCallback": {"within": "P31D"}}}}, fields
    )
    assert refused["userErrors"] == [
        {"field": ["job", "http", "expectCallback", "within"], "code": "INVALID", "message": "within must be from PT1S to P30D."}
    ]  # fmt: skip
    custom = {
        "custom": {"type": "http", "params": {"url": "https://example.com/", "expectCallback": {"within": "PT5M"}}}
    }
    changed = await api.alice.do("updateTask", {"id": task, "job": custom}, fields)
    assert changed["task"]["job"]["expectCallback"] == {"within": "PT5M"}
