# ruff: noqa: E501  # tables read best in rows
"""Alice owns everything here. Bob (a stranger) and Carol (an admin) must see and change none of it; nobody is told to log in.

The table is compared with the schema: a new root field without a row here fails.
"""

import itertools
from typing import Any

import pytest

from tests.graphql.conftest import T0, Api, Caller, run_document
from tests.notifications.channel_helpers import told
from tests.notifications.incidents.samples import incident
from tocsin.graphql import ids
from tocsin.graphql.schema import schema
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.inbox.store import store_notifications

PUBLIC = {
    "signUp",
    "logIn",
    "refreshSession",
    "logOut",
    "requestPasswordReset",
    "resetPassword",
    "acceptInvitation",
    "confirmEmail",
    "confirmMailAddress",
    "installation",
}
NOT_FOUND = {"userErrors": [{"code": "NOT_FOUND"}]}
SHOWN = "userErrors { code }"
# field: (document, what a stranger is answered)
CASES: dict[str, tuple[str, Any]] = {
    "viewer": ("{ viewer { email } }", None),
    "node": (
        "query($task: ID!, $run: ID!, $channel: ID!, $secret: ID!) { node(id: $task) { id } other: node(id: $run) { id } third: node(id: $channel) { id } fourth: node(id: $secret) { id } }",
        {"node": None, "other": None, "third": None, "fourth": None},
    ),
    "task": ("query($task: ID!) { task(id: $task) { name } }", {"task": None}),
    "tasks": ("{ tasks { totalCount nodes { id } } }", {"tasks": {"totalCount": 0, "nodes": []}}),
    "run": ("query($run: ID!) { run(id: $run) { status } }", {"run": None}),
    "runs": (
        "query($task: ID!) { runs { totalCount nodes { id } } of: runs(filter: {taskId: $task}) { totalCount nodes { id } } }",
        {"runs": {"totalCount": 0, "nodes": []}, "of": {"totalCount": 0, "nodes": []}},
    ),
    "schedulePreview": ("{ schedulePreview(schedule: {at: \"2999-01-01T00:00:00Z\"}) }", {"schedulePreview": ["2999-01-01T00:00:00Z"]}),
    "taskPreview": ("{ taskPreview(schedule: {at: \"2999-01-01T00:00:00Z\"}) { dueTimes retry { isDefault } } }", {"taskPreview": {"dueTimes": ["2999-01-01T00:00:00Z"], "retry": {"isDefault": True}}}),
    "tryJob": (
        'mutation($task: ID!) { tryJob(input: {taskId: $task, job: {http: {url: "https://example.com/hook"}}}) { trial { statusCode } userErrors { code } } }',
        {"tryJob": {"trial": None, **NOT_FOUND}},
    ),
    "createTask": (
        'mutation { createTask(input: {name: "", job: {http: {url: "https://example.com"}}, schedule: {now: true}}) { userErrors { code } } }',
        {"createTask": {"userErrors": [{"code": "INVALID"}]}},
    ),
    "createTasks": (
        'mutation { createTasks(input: {tasks: [{name: "", job: {http: {url: "https://example.com"}}, schedule: {now: true}}]}) { results { task { id } userErrors { code } } userErrors { code } } }',
        {"createTasks": {"results": [{"task": None, "userErrors": [{"code": "INVALID"}]}], "userErrors": [{"code": "INVALID"}]}},
    ),
    "upsertTask": (
        'mutation { upsertTask(input: {name: "", job: {http: {url: "https://example.com"}}, schedule: {now: true}}) { task { id } userErrors { code } } }',
        {"upsertTask": {"task": None, "userErrors": [{"code": "INVALID"}]}},
    ),
    "pauseTasks": (
        f"mutation($task: ID!) {{ pauseTasks(input: {{ids: [$task]}}) {{ results {{ task {{ id }} run {{ id }} {SHOWN} }} {SHOWN} }} }}",
        {"pauseTasks": {"results": [{"task": None, "run": None, **NOT_FOUND}], "userErrors": []}},
    ),
    "resumeTasks": (
        f"mutation($task: ID!) {{ resumeTasks(input: {{ids: [$task]}}) {{ results {{ task {{ id }} run {{ id }} {SHOWN} }} {SHOWN} }} }}",
        {"resumeTasks": {"results": [{"task": None, "run": None, **NOT_FOUND}], "userErrors": []}},
    ),
    "runTasks": (
        f"mutation($task: ID!) {{ runTasks(input: {{ids: [$task]}}) {{ results {{ task {{ id }} run {{ id }} {SHOWN} }} {SHOWN} }} }}",
        {"runTasks": {"results": [{"task": None, "run": None, **NOT_FOUND}], "userErrors": []}},
    ),
    "deleteTasks": (
        f"mutation($task: ID!) {{ deleteTasks(input: {{ids: [$task]}}) {{ results {{ task {{ id }} run {{ id }} {SHOWN} }} {SHOWN} }} }}",
        {"deleteTasks": {"results": [{"task": None, "run": None, **NOT_FOUND}], "userErrors": []}},
    ),
    "updateTask": (f'mutation($task: ID!) {{ updateTask(input: {{id: $task, name: "mine"}}) {{ task {{ id }} {SHOWN} }} }}', {"updateTask": {"task": None, **NOT_FOUND}}),
    "deleteTask": (f"mutation($task: ID!) {{ deleteTask(input: {{id: $task}}) {{ deletedTaskId {SHOWN} }} }}", {"deleteTask": {"deletedTaskId": None, **NOT_FOUND}}),
    "pauseTask": (f"mutation($task: ID!) {{ pauseTask(input: {{id: $task}}) {{ task {{ id }} {SHOWN} }} }}", {"pauseTask": {"task": None, **NOT_FOUND}}),
    "resumeTask": (f"mutation($task: ID!) {{ resumeTask(input: {{id: $task}}) {{ task {{ id }} {SHOWN} }} }}", {"resumeTask": {"task": None, **NOT_FOUND}}),
    "cancelTask": (f"mutation($task: ID!) {{ cancelTask(input: {{id: $task}}) {{ task {{ id }} {SHOWN} }} }}", {"cancelTask": {"task": None, **NOT_FOUND}}),
    "runTask": (f"mutation($task: ID!) {{ runTask(input: {{id: $task}}) {{ task {{ id }} run {{ id }} {SHOWN} }} }}", {"runTask": {"task": None, "run": None, **NOT_FOUND}}),
    "retryRun": (f"mutation($run: ID!) {{ retryRun(input: {{id: $run}}) {{ run {{ id }} {SHOWN} }} }}", {"retryRun": {"run": None, **NOT_FOUND}}),
    "cancelRun": (f"mutation($run: ID!) {{ cancelRun(input: {{id: $run}}) {{ run {{ id }} {SHOWN} }} }}", {"cancelRun": {"run": None, **NOT_FOUND}}),
    "queues": ("{ queues { name depth running oldestQueuedAt throughputPerMinute } }", {"queues": [{"name": "default", "depth": 0, "running": 0, "oldestQueuedAt": None, "throughputPerMinute": 0}]}),
    "runStatistics": (
        'query($task: ID!) { runStatistics(filter: {taskId: $task, dueAt: {from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z"}}, bucket: DAY) { total { total } } }',
        {"runStatistics": {"total": {"total": 0}}},
    ),
    "circuits": ("{ circuits { host } }", {"circuits": []}),
    "apiTokens": ("{ apiTokens { id } }", {"apiTokens": []}),
    "sessions": ("{ sessions { isCurrent } }", {"sessions": [{"isCurrent": True}]}),
    "createApiToken": (
        'mutation { createApiToken(input: {name: "", scopes: [READ]}) { apiToken { id } userErrors { code } } }',
        {"createApiToken": {"apiToken": None, "userErrors": [{"code": "INVALID"}]}},
    ),
    "revokeApiToken": (f"mutation($token: ID!) {{ revokeApiToken(input: {{id: $token}}) {{ revokedApiTokenId {SHOWN} }} }}", {"revokeApiToken": {"revokedApiTokenId": None, **NOT_FOUND}}),
    "revokeSession": (f"mutation($session: ID!) {{ revokeSession(input: {{id: $session}}) {{ revokedSessionId {SHOWN} }} }}", {"revokeSession": {"revokedSessionId": None, **NOT_FOUND}}),
    "revokeOtherSessions": (f"mutation {{ revokeOtherSessions {{ revokedCount {SHOWN} }} }}", {"revokeOtherSessions": {"revokedCount": 0, "userErrors": []}}),
    "changePassword": (
        'mutation { changePassword(input: {currentPassword: "no", newPassword: "correct horse battery"}) { user { id } userErrors { code } } }',
        {"changePassword": {"user": None, "userErrors": [{"code": "INVALID_CREDENTIALS"}]}},
    ),
    "requestEmailConfirmation": (f"mutation {{ requestEmailConfirmation {{ email {SHOWN} }} }}", {"requestEmailConfirmation": {"email": None, "userErrors": [{"code": "CONFLICT"}]}}),
    "acceptRequestsFrom": (f'mutation {{ acceptRequestsFrom(input: {{email: "dave@example.test"}}) {{ email {SHOWN} }} }}', {"acceptRequestsFrom": {"email": "dave@example.test", "userErrors": []}}),
    "refuseRequestsFrom": (f'mutation {{ refuseRequestsFrom(input: {{email: "dave@example.test"}}) {{ email {SHOWN} }} }}', {"refuseRequestsFrom": {"email": "dave@example.test", "userErrors": []}}),
    "workflow": ('{ workflow(name: "alices") { id definition } }', {"workflow": None}),
    "workflows": ("{ workflows { totalCount nodes { id } } }", {"workflows": {"totalCount": 0, "nodes": []}}),
    "workflowErrors": ('{ workflowErrors(yaml: "name: alices") { path line } }', {"workflowErrors": [{"path": ["steps"], "line": 1}]}),
    "workflowRun": ("query($workflowRun: ID!) { workflowRun(id: $workflowRun) { status inputs } }", {"workflowRun": None}),
    "workflowRuns": (
        '{ workflowRuns { totalCount nodes { id } } of: workflowRuns(filter: {name: "alices"}) { totalCount nodes { id } } }',
        {"workflowRuns": {"totalCount": 0, "nodes": []}, "of": {"totalCount": 0, "nodes": []}},
    ),
    "pendingApprovals": ("{ pendingApprovals { totalCount nodes { message } } }", {"pendingApprovals": {"totalCount": 0, "nodes": []}}),
    "saveWorkflow": (f'mutation {{ saveWorkflow(input: {{yaml: "name: alices"}}) {{ workflow {{ id }} {SHOWN} }} }}', {"saveWorkflow": {"workflow": None, "userErrors": [{"code": "INVALID"}]}}),
    "deleteWorkflow": (f'mutation {{ deleteWorkflow(input: {{name: "alices"}}) {{ deletedWorkflowId {SHOWN} }} }}', {"deleteWorkflow": {"deletedWorkflowId": None, **NOT_FOUND}}),
    "pauseWorkflow": (f'mutation {{ pauseWorkflow(input: {{name: "alices"}}) {{ workflow {{ id }} {SHOWN} }} }}', {"pauseWorkflow": {"workflow": None, **NOT_FOUND}}),
    "resumeWorkflow": (f'mutation {{ resumeWorkflow(input: {{name: "alices"}}) {{ workflow {{ id }} {SHOWN} }} }}', {"resumeWorkflow": {"workflow": None, **NOT_FOUND}}),
    "executeWorkflow": (f'mutation {{ executeWorkflow(input: {{name: "alices"}}) {{ workflowRun {{ id }} {SHOWN} }} }}', {"executeWorkflow": {"workflowRun": None, **NOT_FOUND}}),
    "cancelWorkflowRun": (f"mutation($workflowRun: ID!) {{ cancelWorkflowRun(input: {{id: $workflowRun}}) {{ workflowRun {{ id }} {SHOWN} }} }}", {"cancelWorkflowRun": {"workflowRun": None, **NOT_FOUND}}),
    "resumeWorkflowRun": (f"mutation($workflowRun: ID!) {{ resumeWorkflowRun(input: {{id: $workflowRun}}) {{ workflowRun {{ id }} {SHOWN} }} }}", {"resumeWorkflowRun": {"workflowRun": None, **NOT_FOUND}}),
    "decideApproval": (f'mutation($workflowRun: ID!) {{ decideApproval(input: {{id: $workflowRun, step: "ask", approved: true}}) {{ approved {SHOWN} }} }}', {"decideApproval": {"approved": None, **NOT_FOUND}}),
    "deadLetters": (
        "query($task: ID!) { deadLetters { totalCount nodes { id } } of: deadLetters(filter: {taskId: $task}) { totalCount nodes { id } } }",
        {"deadLetters": {"totalCount": 0, "nodes": []}, "of": {"totalCount": 0, "nodes": []}},
    ),
    "deadLetterCauses": ("{ deadLetterCauses { count } }", {"deadLetterCauses": []}),
    "replay": ("query($replay: ID!) { replay(id: $replay) { status counts { sent } } other: node(id: $replay) { id } }", {"replay": None, "other": None}),
    "replays": ("{ replays { totalCount nodes { id } } }", {"replays": {"totalCount": 0, "nodes": []}}),
    "replayDeadLetters": (
        "mutation($task: ID!) { replayDeadLetters(input: {filter: {taskId: $task}, dryRun: true}) { replay { id } count userErrors { code } } }",
        {"replayDeadLetters": {"replay": None, "count": 0, "userErrors": []}},
    ),
    "stopReplay": (f"mutation($replay: ID!) {{ stopReplay(input: {{id: $replay}}) {{ replay {{ id }} {SHOWN} }} }}", {"stopReplay": {"replay": None, **NOT_FOUND}}),
    "discardDeadLetters": (
        "mutation($run: ID!) { discardDeadLetters(input: {ids: [$run]}) { count userErrors { code } } }",
        {"discardDeadLetters": {"count": None, **NOT_FOUND}},
    ),
    "notifications": (
        "query($notification: ID!) { notifications { totalCount nodes { id } } other: node(id: $notification) { id } }",
        {"notifications": {"totalCount": 0, "nodes": []}, "other": None},
    ),
    "acknowledgeNotifications": (
        f"mutation($notification: ID!) {{ acknowledgeNotifications(input: {{ids: [$notification]}}) {{ count unacknowledgedCount {SHOWN} }} }}",
        {"acknowledgeNotifications": {"count": None, "unacknowledgedCount": None, **NOT_FOUND}},
    ),
    "incidents": ("{ incidents { totalCount nodes { id } } }", {"incidents": {"totalCount": 0, "nodes": []}}),
    "incident": ("query($incident: ID!) { incident(id: $incident) { id } other: node(id: $incident) { id } }", {"incident": None, "other": None}),
    "acknowledgeIncident": (
        f"mutation($incident: ID!) {{ acknowledgeIncident(input: {{id: $incident}}) {{ incident {{ id }} {SHOWN} }} }}",
        {"acknowledgeIncident": {"incident": None, **NOT_FOUND}},
    ),
    "notificationPreferences": ("{ notificationPreferences { timeZone failures } }", {"notificationPreferences": {"timeZone": "UTC", "failures": "FIRST_AND_LAST"}}),
    "updateNotificationPreferences": (
        f"mutation($channel: ID!) {{ updateNotificationPreferences(input: {{quietHours: {{from: \"22:00\", to: \"07:00\", exceptChannelIds: [$channel]}}}}) {{ notificationPreferences {{ timeZone }} {SHOWN} }} }}",
        {"updateNotificationPreferences": {"notificationPreferences": None, **NOT_FOUND}},
    ),
    "notificationRules": ("{ notificationRules { totalCount nodes { subjectId } } }", {"notificationRules": {"totalCount": 0, "nodes": []}}),
    "updateNotificationRule": (f"mutation($task: ID!) {{ updateNotificationRule(input: {{subjectId: $task, isMuted: true}}) {{ notificationRule {{ isMuted }} {SHOWN} }} }}", {"updateNotificationRule": {"notificationRule": None, **NOT_FOUND}}),
    "deleteNotificationRule": (f"mutation($task: ID!) {{ deleteNotificationRule(input: {{subjectId: $task}}) {{ deletedNotificationRuleSubjectId {SHOWN} }} }}", {"deleteNotificationRule": {"deletedNotificationRuleSubjectId": None, **NOT_FOUND}}),
    "mailAddresses": ("{ mailAddresses { purpose email requestedEmail } }", {"mailAddresses": []}),
    "requestMailAddress": (
        f'mutation {{ requestMailAddress(input: {{purpose: ALERTS, email: "x"}}) {{ mailAddress {{ email }} {SHOWN} }} }}',
        {"requestMailAddress": {"mailAddress": None, "userErrors": [{"code": "INVALID"}]}},
    ),
    "removeMailAddress": (f"mutation {{ removeMailAddress(input: {{purpose: ALERTS}}) {{ removedMailAddressPurpose {SHOWN} }} }}", {"removeMailAddress": {"removedMailAddressPurpose": None, **NOT_FOUND}}),
    "createPublicLink": (
        f"mutation($task: ID!) {{ createPublicLink(input: {{subjectId: $task, kind: TRIGGER}}) {{ url publicLink {{ id }} {SHOWN} }} }}",
        {"createPublicLink": {"url": None, "publicLink": None, **NOT_FOUND}},
    ),
    "updatePublicLink": (f'mutation($link: ID!) {{ updatePublicLink(input: {{id: $link, title: "Mine"}}) {{ publicLink {{ title }} {SHOWN} }} }}', {"updatePublicLink": {"publicLink": None, **NOT_FOUND}}),
    "rotatePublicLink": (f"mutation($link: ID!) {{ rotatePublicLink(input: {{id: $link}}) {{ url {SHOWN} }} }}", {"rotatePublicLink": {"url": None, **NOT_FOUND}}),
    "revokePublicLink": (f"mutation($link: ID!) {{ revokePublicLink(input: {{id: $link}}) {{ revokedPublicLinkId {SHOWN} }} }}", {"revokePublicLink": {"revokedPublicLinkId": None, **NOT_FOUND}}),
    "notificationChannels": ("{ notificationChannels { id deliveries { totalCount } } }", {"notificationChannels": []}),
    "secrets": ("{ secrets { name allowedHosts } }", {"secrets": []}),
    "setSecret": ('mutation { setSecret(input: {name: "slack", allowedHosts: ["evil.example"]}) { secret { name } userErrors { code field } } }', {"setSecret": {"secret": None, "userErrors": [{"code": "INVALID", "field": ["value"]}]}}),
    "deleteSecret": (f'mutation {{ deleteSecret(input: {{name: "slack"}}) {{ deletedSecretId {SHOWN} }} }}', {"deleteSecret": {"deletedSecretId": None, **NOT_FOUND}}),
    "createNotificationChannel": (
        'mutation { createNotificationChannel(input: {name: "", channel: {webhook: {url: "https://example.com/"}}}) { notificationChannel { id } signingKey userErrors { code } } }',
        {"createNotificationChannel": {"notificationChannel": None, "signingKey": None, "userErrors": [{"code": "INVALID"}]}},
    ),
    "updateNotificationChannel": (f'mutation($channel: ID!) {{ updateNotificationChannel(input: {{id: $channel, name: "mine"}}) {{ notificationChannel {{ id }} {SHOWN} }} }}', {"updateNotificationChannel": {"notificationChannel": None, **NOT_FOUND}}),
    "testNotificationChannel": (f"mutation($channel: ID!) {{ testNotificationChannel(input: {{id: $channel}}) {{ delivered error {SHOWN} }} }}", {"testNotificationChannel": {"delivered": False, "error": None, **NOT_FOUND}}),
    "retryNotificationDelivery": (f"mutation($delivery: ID!) {{ retryNotificationDelivery(input: {{id: $delivery}}) {{ notificationDelivery {{ id }} {SHOWN} }} }}", {"retryNotificationDelivery": {"notificationDelivery": None, **NOT_FOUND}}),
    "rotateNotificationChannelKey": (f"mutation($channel: ID!) {{ rotateNotificationChannelKey(input: {{id: $channel}}) {{ signingKey {SHOWN} }} }}", {"rotateNotificationChannelKey": {"signingKey": None, **NOT_FOUND}}),
    "deleteNotificationChannel": (f"mutation($channel: ID!) {{ deleteNotificationChannel(input: {{id: $channel}}) {{ deletedNotificationChannelId {SHOWN} }} }}", {"deleteNotificationChannel": {"deletedNotificationChannelId": None, **NOT_FOUND}}),
}  # fmt: skip
# For administrators only. field: (document, what Carol is answered)
ADMIN: dict[str, tuple[str, Any]] = {
    "updateQueue": ('mutation { updateQueue(input: {name: "default", concurrency: 0}) { queue { name } userErrors { code } } }', {"updateQueue": {"queue": None, "userErrors": [{"code": "INVALID"}]}}),
    "pauseQueue": ('mutation { pauseQueue(input: {name: "none"}) { queue { name } userErrors { code } } }', {"pauseQueue": {"queue": None, "userErrors": [{"code": "INVALID"}]}}),
    "resumeQueue": ('mutation { resumeQueue(input: {name: "none"}) { queue { name } userErrors { code } } }', {"resumeQueue": {"queue": None, "userErrors": [{"code": "INVALID"}]}}),
    "users": ("{ users(filter: {email: \"alice\"}) { totalCount nodes { email isActive } } }", {"users": {"totalCount": 1, "nodes": [{"email": "alice@example.test", "isActive": True}]}}),
    "auditLog": ("{ auditLog { totalCount nodes { action } } }", {"auditLog": {"totalCount": 0, "nodes": []}}),
    "inviteUser": ('mutation { inviteUser(input: {email: "x"}) { invitation { email } userErrors { code } } }', {"inviteUser": {"invitation": None, "userErrors": [{"code": "INVALID"}]}}),
    "updateUser": ("mutation($alice: ID!) { updateUser(input: {id: $alice}) { user { email isAdmin } } }", {"updateUser": {"user": {"email": "alice@example.test", "isAdmin": False}}}),
    "deactivateUser": ("mutation($alice: ID!) { deactivateUser(input: {id: $alice}) { user { isActive } } }", {"deactivateUser": {"user": {"isActive": False}}}),
    "logOutUser": ("mutation { logOutUser(input: {id: \"VXNlcjpub25l\"}) { endedSessionCount userErrors { code } } }", {"logOutUser": {"endedSessionCount": None, **NOT_FOUND}}),
    "system": ("{ system { processes { name } components { name isHealthy } } }", {"system": {"processes": [], "components": []}}),
    "setUserQuota": ("mutation($alice: ID!) { setUserQuota(input: {id: $alice, quota: TASKS, limit: -1}) { user { email } userErrors { code } } }", {"setUserQuota": {"user": None, "userErrors": [{"code": "INVALID"}]}}),
    "activateUser": ("mutation($alice: ID!) { activateUser(input: {id: $alice}) { user { isActive } } }", {"activateUser": {"user": {"isActive": True}}}),
}  # fmt: skip
SAVE = "mutation($yaml: String!) { saveWorkflow(input: {yaml: $yaml}) { userErrors { message } } }"
_WORKFLOW = """
name: alices
steps:
  - key: ask
    approval: {by: alice@example.test}
"""
SUBSCRIPTIONS = {
    "taskEvents", "workflowRunEvents", "runEvents", "workflowEvents", "notificationReceived",
    "notificationsAcknowledged",
}  # fmt: skip
"""Tested in test_subscriptions.py, test_event_arguments.py and notifications/."""


def _root_fields() -> set[str]:
    roots = (schema._schema.query_type, schema._schema.mutation_type)
    return {name for root in roots if root is not None for name in root.fields}


def test_every_root_field_has_an_ownership_test() -> None:
    subscription = schema._schema.subscription_type
    assert subscription is not None
    assert set(CASES) | set(ADMIN) | PUBLIC == _root_fields()
    assert set(subscription.fields) == SUBSCRIPTIONS


async def _alices(api: Api) -> tuple[dict[str, str], Any, Any]:
    task_id = await api.alice.create("private")
    stored = await api.database.tasks.find_one({})
    assert stored is not None
    run = run_document(stored["_id"], T0, status="FAILED", finished_at=T0)
    await api.database.runs.insert_one(run)
    saved = await api.alice.ask(SAVE, yaml=_WORKFLOW)
    assert saved["saveWorkflow"]["userErrors"] == []
    begun = await api.alice.ask('mutation { executeWorkflow(input: {name: "alices"}) { workflowRun { id } } }')
    assert api.alice.user is not None
    variables = {
        "task": task_id,
        "run": ids.encode_id("Run", run["_id"]),
        "alice": ids.encode_id("User", api.alice.user.id),
    }
    made = await api.alice.ask('mutation { createApiToken(input: {name: "x", scopes: [READ]}) { apiToken { id } } }')
    (session,) = (await api.alice.ask("{ sessions { id } }"))["sessions"]
    workflow_run = await api.database.workflow_runs.find_one({})
    assert workflow_run is not None
    asking: Any = {"_id": f"{workflow_run['_id']}:ask@0", "run": workflow_run["_id"], "step": "ask", "since": T0}
    asking["owner"] = workflow_run["owner"]
    await api.database.pending_approvals.insert_one(asking)
    variables["workflowRun"] = begun["executeWorkflow"]["workflowRun"]["id"]
    replayed = await api.alice.ask("mutation { replayDeadLetters(input: {}) { replay { id } } }")
    variables["replay"] = replayed["replayDeadLetters"]["replay"]["id"]
    await store_notifications(api.database, [QuotaMet.from_quotas(api.alice.user.id, ["10 runs"], T0)])
    (notification,) = await api.database.notifications.find({"kind": "QUOTA_MET"}).to_list()
    variables["notification"] = ids.encode_id("Notification", notification["_id"])
    kept = incident(_id=f"{api.alice.user.id}/t:0", owner=api.alice.user.id, pending=False)
    await api.database.incidents.insert_one(kept)
    variables["incident"] = ids.encode_id("Incident", kept["_id"])
    create = 'mutation { createNotificationChannel(input: {name: "x", channel: {webhook: {url: "https://example.com/"}}}) { notificationChannel { id } } }'
    choose = "mutation($task: ID!) { updateNotificationRule(input: {subjectId: $task, isMuted: true}) { userErrors { code } } }"
    assert (await api.alice.ask(choose, task=task_id))["updateNotificationRule"]["userErrors"] == []
    await api.alice.ask(
        'mutation { updateNotificationPreferences(input: {timeZone: "Europe/Berlin"}) { userErrors { code } } }'
    )
    variables["channel"] = (await api.alice.ask(create))["createNotificationChannel"]["notificationChannel"]["id"]
    channel = ids.require_id("NotificationChannel", variables["channel"], "id")
    failed = told(0, channel, api.alice.user.id) | {"status": "FAILED"}
    await api.database.deliveries.insert_one(failed)
    variables["delivery"] = ids.encode_id("NotificationDelivery", failed["_id"])
    secret = 'mutation { setSecret(input: {name: "slack", value: "alices value", allowedHosts: ["a.example"]}) { secret { id } } }'
    variables["secret"] = (await api.alice.ask(secret))["setSecret"]["secret"]["id"]
    share = "mutation($task: ID!) { createPublicLink(input: {subjectId: $task, kind: STATUS}) { publicLink { id } } }"
    shared = await api.alice.ask(share, task=task_id)
    variables["link"] = shared["createPublicLink"]["publicLink"]["id"]
    alerts = {
        "_id": f"{api.alice.user.id}/ALERTS",
        "owner": api.alice.user.id,
        "purpose": "ALERTS",
        "email": "ops@example.test",
    }
    await api.database.db["mail_addresses"].insert_one(alerts)
    await api.database.audit_entries.delete_many({})
    tokens = {"token": made["createApiToken"]["apiToken"]["id"], "session": session["id"]}
    return variables | tokens, stored, run


async def _asked(api: Api, who: str, field: str, variables: dict[str, str]) -> dict[str, Any]:
    document, _ = (CASES | ADMIN)[field]
    used = {name: value for name, value in variables.items() if f"${name}" in document}
    caller: Caller = getattr(api, who)
    return await caller.post(document, used)


@pytest.mark.parametrize("who", ["bob", "carol"])
async def test_strangers_and_admins_see_and_change_nothing(api: Api, who: str) -> None:
    variables, task, run = await _alices(api)
    for field, (_, expected) in CASES.items():
        answer = await _asked(api, who, field, variables)
        if field == "viewer":
            expected = {"viewer": {"email": f"{who}@example.test"}}
        assert answer == {"data": expected}, field
    assert await api.database.tasks.find_one({"_id": task["_id"]}) == task
    assert await api.database.runs.find({}).to_list() == [run]
    assert [replay["status"] async for replay in api.database.replays.find({})] == ["CANARY"]
    assert [channel["revision"] async for channel in api.database.notification_channels.find({})] == [1]
    assert [each["status"] async for each in api.database.deliveries.find({"channel": {"$ne": None}})] == ["FAILED"]
    assert len((await api.alice.ask("{ apiTokens { id } }"))["apiTokens"]) == 1
    links = await api.database.public_links.find({}).to_list()
    assert [link["issued_at"] == link["created_at"] for link in links] == [True]
    assert [each["acknowledged_at"] async for each in api.database.incidents.find({})] == [None]
    assert [each["acknowledged"] async for each in api.database.notifications.find({"kind": "QUOTA_MET"})] == [False]
    owners = [each["owner"] async for each in api.database.notification_preferences.find({})]
    assert owners == [task["owner"]] * 2
    assert [each.get("email") async for each in api.database.mail_addresses.find({})] == ["ops@example.test"]
    assert [(each["_id"], each["revision"]) async for each in api.database.named_secrets.find({})] == [
        (f"{task['owner']}/slack", 1)
    ]


async def test_only_administrators_administer(api: Api) -> None:
    variables, _, _ = await _alices(api)
    for who, field in itertools.product(("alice", "bob"), ADMIN):
        answer = await _asked(api, who, field, variables)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"], (field, who)
    for field, (_, expected) in ADMIN.items():
        assert await _asked(api, "carol", field, variables) == {"data": expected}, field


@pytest.mark.parametrize(("scopes", "kind"), [(["READ"], "mutation"), (["WRITE"], "query")])
async def test_a_token_without_the_scope_is_refused_every_field(api: Api, scopes: list[str], kind: str) -> None:
    """Holds even for fields of the token's own user, and for an administrator's token without ADMIN."""
    variables, _, _ = await _alices(api)
    create = 'mutation($scopes: [Scope!]!) { createApiToken(input: {name: "x", scopes: $scopes}) { token } }'
    for owner, table in ((api.alice, CASES), (api.carol, ADMIN)):
        token = (await owner.ask(create, scopes=scopes))["createApiToken"]["token"]
        program = Caller(owner.http, owner.user, token)
        for field, (document, _) in table.items():
            if document.startswith("mutation") == (kind == "mutation") or table is ADMIN:
                used = {name: value for name, value in variables.items() if f"${name}" in document}
                answer = await program.post(document, used)
                assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}, (field, scopes)


async def test_an_anonymous_caller_is_unauthenticated_in_every_field(api: Api) -> None:
    variables, _, _ = await _alices(api)
    for field in CASES | ADMIN:
        answer = await _asked(api, "nobody", field, variables)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAUTHENTICATED"}, field


async def test_an_id_of_another_type_is_as_unknown_as_one_of_a_stranger(api: Api) -> None:
    variables, _, _ = await _alices(api)
    swapped = {"task": variables["run"], "run": variables["task"]}
    for field in ("task", "run", "pauseTask", "retryRun", "cancelRun", "deleteTask"):
        assert await _asked(api, "alice", field, swapped) == {"data": CASES[field][1]}, field


async def test_a_user_is_shown_to_themselves_and_to_administrators(api: Api) -> None:
    alice = ids.encode_id("User", api.alice.user.id if api.alice.user else "")
    shown = {"node": {"email": "alice@example.test"}}
    for caller, expected in ((api.alice, shown), (api.carol, shown), (api.bob, {"node": None})):
        assert await caller.ask("query($id: ID!) { node(id: $id) { ... on User { email } } }", id=alice) == expected
    entry = ids.encode_id("AuditEntry", "none")
    assert await api.carol.ask("query($id: ID!) { node(id: $id) { id } }", id=entry) == {"node": None}


async def test_a_malformed_id_is_bad_input(api: Api) -> None:
    for id_ in ("", "x", "VGFzaw==", "Task:1", "é", "VGFzazo=", "A" * 5000):
        for field in ("node", "task", "run"):
            answer = await api.alice.post(f"query($id: ID!) {{ {field}(id: $id) {{ __typename }} }}", {"id": id_})
            assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", (id_, field)
        payload = await api.alice.do("pauseTask", {"id": id_})
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("INVALID", ["id"])], id_
