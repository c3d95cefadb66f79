"""Notification preferences and rules over the API: absent keeps, null restores, faults are told."""

from datetime import timedelta
from typing import Any

import pytest

from tests.graphql.conftest import Api, Caller
from tests.graphql.notifications.helpers import owner_of
from tocsin import clock
from tocsin.documents import to_global_id
from tocsin.maintenance.pruner import Pruner
from tocsin.notifications.preferences import store

FIELDS = """mailKinds failures timeZone reminderEvery digest { frequency hour exceptKinds }
  quietHours { from to days exceptKinds exceptChannelIds }"""
ERRORS = "userErrors { field code message }"
UPDATE = f"""mutation($i: UpdateNotificationPreferencesInput!) {{ updateNotificationPreferences(input: $i) {{
  notificationPreferences {{ {FIELDS} }} {ERRORS} }} }}"""
RULE = "isMuted isMailed channelIds kinds failures"
SET = f"""mutation($i: UpdateNotificationRuleInput!) {{ updateNotificationRule(input: $i) {{
  notificationRule {{ {RULE} }} {ERRORS} }} }}"""
DELETE = f"""mutation($i: DeleteNotificationRuleInput!) {{ deleteNotificationRule(input: $i) {{
  deletedNotificationRuleSubjectId {ERRORS} }} }}"""
OF_TASK = f"query($id: ID!) {{ task(id: $id) {{ notificationRule {{ {RULE} }} }} }}"
DEFAULTS = {
    "mailKinds": [
        "BEGAN_FAILING", "FAILED_FOR_GOOD", "STILL_FAILING", "RECOVERED", "INCIDENT_CLOSED", "ATTEMPT_FAILED",
        "APPROVAL", "QUOTA_MET", "REFRESH_TOKEN_REUSED", "PASSWORD_CHANGED", "CHANNEL_DISABLED", "TASK_PAUSED",
        "RUN_MISSED", "REPLAY_FINISHED", "API_TOKEN_CREATED", "NETWORK_DOWN", "NETWORK_UP", "MAIL_ADDRESS_CHANGED",
    ],
    "failures": "FIRST_AND_LAST",
    "timeZone": "UTC",
    "reminderEvery": None,
    "digest": {"frequency": "IMMEDIATELY", "hour": 8, "exceptKinds": []},
    "quietHours": None,
}  # fmt: skip
ALL_DAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]


async def read(who: Caller) -> Any:
    return (await who.ask(f"{{ notificationPreferences {{ {FIELDS} }} }}"))["notificationPreferences"]


async def update(who: Caller, **given: Any) -> Any:
    return (await who.ask(UPDATE, i=given))["updateNotificationPreferences"]


async def set_rule(who: Caller, subject: str, **given: Any) -> Any:
    return (await who.ask(SET, i={"subjectId": subject, **given}))["updateNotificationRule"]


async def rule_of(who: Caller, task: str) -> Any:
    return (await who.ask(OF_TASK, id=task))["task"]["notificationRule"]


def faults(payload: Any) -> list[tuple[str, str]]:
    return [(".".join(error["field"]), error["code"]) for error in payload["userErrors"]]


async def add_channel(who: Caller) -> str:
    create = """mutation { createNotificationChannel(input: {
      name: "Pager", channel: {webhook: {url: "https://hooks.example.org/x"}}}) { notificationChannel { id } } }"""
    return str((await who.ask(create))["createNotificationChannel"]["notificationChannel"]["id"])


async def test_absent_keeps_and_null_restores(api: Api) -> None:
    assert await read(api.alice) == DEFAULTS
    channel = await add_channel(api.alice)
    night = {
        "from": "22:00", "to": "07:30", "days": ["FRIDAY", "MONDAY"], "exceptKinds": ["APPROVAL"],
        "exceptChannelIds": [channel],
    }  # fmt: skip
    given = {
        "mailKinds": ["FAILED_FOR_GOOD"], "failures": "EVERY_ATTEMPT", "timeZone": "Asia/Kathmandu",
        "quietHours": night,
        "digest": {"frequency": "DAILY", "hour": 6, "exceptKinds": ["QUOTA_MET"]}, "reminderEvery": "PT6H",
    }  # fmt: skip
    changed = await update(api.alice, **given)
    shown = given | {
        "mailKinds": [
            "FAILED_FOR_GOOD",
            "REFRESH_TOKEN_REUSED",
            "PASSWORD_CHANGED",
            "API_TOKEN_CREATED",
            "MAIL_ADDRESS_CHANGED",
        ],
        "quietHours": night | {"days": ["MONDAY", "FRIDAY"]},
    }
    assert changed == {"notificationPreferences": shown, "userErrors": []}
    assert await read(api.alice) == shown
    await update(api.alice, quietHours=None, failures=None)
    assert await read(api.alice) == shown | {"quietHours": None, "failures": "FIRST_AND_LAST"}
    await update(api.alice, **dict.fromkeys(given))
    assert await read(api.alice) == DEFAULTS
    assert await read(api.bob) == DEFAULTS


async def test_what_is_left_out_of_quiet_hours_and_digests_has_a_default(api: Api) -> None:
    changed = await update(
        api.alice, quietHours={"from": "23:00", "to": "23:00", "days": ["SUNDAY"]}, digest={"frequency": "HOURLY"}
    )
    shown = changed["notificationPreferences"]
    assert shown["quietHours"] == {
        "from": "23:00", "to": "23:00", "days": ["SUNDAY"], "exceptKinds": [], "exceptChannelIds": [],
    }  # fmt: skip
    assert shown["digest"] == {"frequency": "HOURLY", "hour": 8, "exceptKinds": []}
    changed = await update(api.alice, quietHours={"from": "23:00", "to": "06:00"})
    assert changed["notificationPreferences"]["quietHours"]["days"] == ALL_DAYS


async def test_preferences_of_which_only_what_is_off_is_stored_are_complete(api: Api) -> None:
    """As an unsubscribe link stores them."""
    owner = owner_of(api.alice)
    await api.database.notification_preferences.update_one(
        {"_id": owner}, {"$addToSet": {"mail_off": "APPROVAL"}, "$setOnInsert": {"owner": owner}}, upsert=True
    )
    assert await read(api.alice) == DEFAULTS | {
        "mailKinds": [each for each in DEFAULTS["mailKinds"] or () if each != "APPROVAL"]
    }


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"timeZone": "Berlin"}, [("timeZone", "INVALID", "Do you mean Europe/Berlin?")]),
        ({"timeZone": "../etc"}, [("timeZone", "INVALID", "Give an IANA name")]),
        ({"reminderEvery": "PT1S"}, [("reminderEvery", "INVALID", "PT15M to P30D")]),
        ({"reminderEvery": "P31D"}, [("reminderEvery", "INVALID", "PT15M to P30D")]),
        (
            {"digest": {"frequency": "DAILY", "hour": 24}},
            [("digest.hour", "INVALID", "hour must be 0 to 23; it is 24")],
        ),
        (
            {"quietHours": {"from": "24:00", "to": "7", "days": []}},
            [
                ("quietHours.from", "INVALID", "Write it like 07:30"),
                ("quietHours.to", "INVALID", "'7' is not a time of day"),
                ("quietHours.days", "INVALID", "at least one day"),
            ],
        ),
        ({"quietHours": {"from": "12:00", "to": "12:00"}}, [("quietHours.to", "INVALID", "no time to send anything")]),
        (
            {"quietHours": {"from": "1:00", "to": "02:00"}, "timeZone": "no"},
            [("timeZone", "INVALID", "no time zone"), ("quietHours.from", "INVALID", "'1:00'")],
        ),
    ],
)
async def test_faults_are_told_and_nothing_is_changed(api: Api, given: Any, expected: Any) -> None:
    payload = await update(api.alice, failures="EVERY_ATTEMPT", **given)
    assert payload["notificationPreferences"] is None
    assert faults(payload) == [(field, code) for field, code, _ in expected]
    for error, (_, _, message) in zip(payload["userErrors"], expected, strict=True):
        assert message in error["message"]
    assert await read(api.alice) == DEFAULTS


async def test_a_rule_is_set_kept_restored_and_deleted(api: Api) -> None:
    task, channel = await api.alice.create(), await add_channel(api.alice)
    assert await rule_of(api.alice, task) is None
    await set_rule(
        api.alice, task, isMuted=True, kinds=["FAILED_FOR_GOOD"], channelIds=[channel], failures="EVERY_ATTEMPT"
    )
    shown = {
        "isMuted": True, "isMailed": True, "channelIds": [channel], "kinds": ["FAILED_FOR_GOOD"],
        "failures": "EVERY_ATTEMPT",
    }  # fmt: skip
    assert await rule_of(api.alice, task) == shown
    changed = await set_rule(api.alice, task, isMuted=None, isMailed=False, kinds=None)
    assert changed == {
        "notificationRule": shown | {"isMuted": False, "isMailed": False, "kinds": None},
        "userErrors": [],
    }
    for _ in range(2):
        deleted = await api.alice.ask(DELETE, i={"subjectId": task})
        assert deleted["deleteNotificationRule"] == {"deletedNotificationRuleSubjectId": task, "userErrors": []}
    assert await rule_of(api.alice, task) is None


async def test_faults_of_a_rule_are_told(api: Api) -> None:
    task, of_bob = await api.alice.create(), await add_channel(api.bob)
    await api.alice.ask(
        'mutation { saveWorkflow(input: {yaml: "name: w\\nsteps: [{key: a, wait: PT1S}]"}) { userErrors { message } } }'
    )
    workflow = (await api.alice.ask('{ workflow(name: "w") { id } }'))["workflow"]["id"]
    assert faults(await set_rule(api.alice, task, kinds=[])) == [("kinds", "INVALID")]
    assert faults(await set_rule(api.alice, task, channelIds=[of_bob])) == [("channelIds", "NOT_FOUND")]
    assert faults(await set_rule(api.alice, task, channelIds=[task])) == [("channelIds.0", "NOT_FOUND")]
    assert faults(await set_rule(api.alice, workflow, failures="EVERY_ATTEMPT")) == [("failures", "INVALID")]
    assert faults(await set_rule(api.alice, workflow, isMuted=True)) == []
    rule = f'{{ workflow(name: "w") {{ notificationRule {{ {RULE} }} }} }}'
    assert (await api.alice.ask(rule))["workflow"]["notificationRule"]["isMuted"]
    user = to_global_id("User", owner_of(api.alice))
    assert faults(await set_rule(api.alice, user, isMuted=True)) == [("subjectId", "NOT_FOUND")]
    assert faults(await set_rule(api.alice, to_global_id("Task", owner_of(api.alice)), isMuted=True)) == [
        ("subjectId", "NOT_FOUND")
    ]
    assert faults(await set_rule(api.alice, "x", isMuted=True)) == [("subjectId", "INVALID")]


async def test_there_is_a_maximum_of_rules(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_RULES", 2)
    tasks = [await api.alice.create() for _ in range(3)]
    await update(api.alice, failures="EVERY_ATTEMPT")
    assert [faults(await set_rule(api.alice, task, isMuted=True)) for task in tasks] == [
        [],
        [],
        [("subjectId", "CONFLICT")],
    ]
    assert faults(await set_rule(api.alice, tasks[0], isMuted=False)) == []


LIST = """query($first: Int, $after: String, $last: Int, $before: String) {
  notificationRules(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { subjectId isMuted task { id notificationRule { isMuted } } workflow { id } }
    pageInfo { hasNextPage hasPreviousPage endCursor startCursor } } }"""


async def listed(who: Caller, **page: Any) -> Any:
    return (await who.ask(LIST, **page))["notificationRules"]


async def test_rules_are_listed_with_what_they_are_about_and_without_the_preferences(api: Api) -> None:
    tasks = [await api.alice.create() for _ in range(3)]
    await api.alice.ask(
        'mutation { saveWorkflow(input: {yaml: "name: w\\nsteps: [{key: a, wait: PT1S}]"}) { userErrors { message } } }'
    )
    workflow = (await api.alice.ask('{ workflow(name: "w") { id } }'))["workflow"]["id"]
    await update(api.alice, failures="EVERY_ATTEMPT")
    await set_rule(api.bob, await api.bob.create(), isMuted=True)
    for subject in (*tasks, workflow):
        await set_rule(api.alice, subject, isMuted=True)
    await set_rule(api.alice, tasks[0], isMuted=False)
    first = await listed(api.alice, first=3)
    assert first["totalCount"] == 4
    assert first["nodes"] == [
        {
            "subjectId": task,
            "isMuted": task != tasks[0],
            "task": {"id": task, "notificationRule": {"isMuted": task != tasks[0]}},
            "workflow": None,
        }
        for task in tasks
    ]
    assert first["pageInfo"]["hasNextPage"]
    rest = await listed(api.alice, first=3, after=first["pageInfo"]["endCursor"])
    assert rest["nodes"] == [{"subjectId": workflow, "isMuted": True, "task": None, "workflow": {"id": workflow}}]
    assert not rest["pageInfo"]["hasNextPage"]
    back = await listed(api.alice, last=3, before=rest["pageInfo"]["startCursor"])
    assert back["nodes"] == first["nodes"]
    for rule in first["nodes"]:
        await api.alice.ask(DELETE, i={"subjectId": rule["subjectId"]})
    assert [each["subjectId"] for each in (await listed(api.alice))["nodes"]] == [workflow]


async def test_a_rule_ends_with_its_task_or_workflow(api: Api) -> None:
    task, other = await api.alice.create(), await api.alice.create()
    await api.alice.ask(
        'mutation { saveWorkflow(input: {yaml: "name: w\\nsteps: [{key: a, wait: PT1S}]"}) { userErrors { message } } }'
    )
    workflow = (await api.alice.ask('{ workflow(name: "w") { id } }'))["workflow"]["id"]
    for subject in (task, other, workflow):
        assert faults(await set_rule(api.alice, subject, isMuted=True)) == []
    await update(api.alice, failures="EVERY_ATTEMPT")
    await api.alice.do("deleteTask", {"id": task})
    await api.alice.ask('mutation { deleteWorkflow(input: {name: "w"}) { userErrors { message } } }')
    assert await api.database.notification_preferences.count_documents({}) == 2
    orphan: Any = {"_id": f"{owner_of(api.alice)}/gone", "owner": owner_of(api.alice), "muted": True}
    await api.database.notification_preferences.insert_one(orphan)  # its task was deleted as it was written
    await Pruner(api.database, timedelta(days=30), timedelta(days=30)).prune(clock.now())
    assert await api.database.notification_preferences.count_documents({}) == 2
    assert await rule_of(api.alice, other) is not None


async def test_what_waits_is_decided_anew(api: Api) -> None:
    """By a change of preferences all of it, by one of a rule what is about its task."""
    owner, later = owner_of(api.alice), clock.now() + timedelta(hours=5)
    task = await api.alice.create()
    stored = await api.database.tasks.find_one({})
    assert stored is not None
    waiting = {"owner": owner, "status": "QUEUED", "next_try_at": later, "tries": 0}
    rows = [
        {"_id": f"{owner}/0", **waiting, "about": {"id": stored["_id"]}},
        {"_id": f"{owner}/1", **waiting, "about": None},
    ]
    retried = {**rows[1], "_id": f"{owner}/retried", "tries": 1}
    of_bob = {**rows[1], "_id": "bob/1", "owner": owner_of(api.bob)}
    await api.database.db["deliveries"].insert_many([*rows, retried, of_bob])

    async def due() -> set[str]:
        found = api.database.deliveries.find({"next_try_at": {"$lte": clock.now()}}, {"_id": 1})
        return {row["_id"] async for row in found}

    await set_rule(api.alice, task, isMuted=False)
    assert await due() == {f"{owner}/0"}
    await update(api.alice, timeZone="Europe/Berlin")
    assert await due() == {f"{owner}/0", f"{owner}/1"}
