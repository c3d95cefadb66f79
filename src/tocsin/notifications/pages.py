"""The paths of the pages that notifications link to. Pure.

`Settings.page_url` turns them into addresses of this server.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from tocsin.documents import is_workflow_run_id, to_global_id

ACCOUNT_PAGE_PATH = "/account"
UNSUBSCRIBE_PATH = "/unsubscribe/"
"""The path before the token of a link by which mails are turned off."""
_RUN = """query Run($id: ID!) {
  run(id: $id) {
    taskName status reasonText dueAt nextAttemptAt
    task { id }
    error { kind message hint }
    attempts { number startedAt outcome statusCode error { message } }
  }
}"""
_WORKFLOW_RUN = """query WorkflowRun($id: ID!) {
  workflowRun(id: $id) {
    name status reasonText dueAt
    error { kind message hint }
    steps { key status reasonText error { message hint } }
  }
}"""
_CHANNEL = """query NotificationChannel($id: ID!) {
  node(id: $id) {
    ... on NotificationChannel {
      name kind settings { name value } isEnabled disabledReason lastError failingSince
      deliveries(first: 10) { nodes { event status attempts { at error } } }
    }
  }
}"""
_REPORT = """query Report($id: ID!) {
  run(id: $id) { taskName status dueAt result }
}"""
_REPLAY = """query Replay($id: ID!) {
  replay(id: $id) {
    status reason counts { selected sent succeeded failed skipped } skips { reasonText count }
    canaryRun { id status error { kind message hint } }
  }
}"""
_INCIDENT = """query Incident($id: ID!) {
  incident(id: $id) {
    cause host errorKind status openedAt overAt acknowledgedAt failures subjectCount
    subjects(first: 20) { nodes { name failures error { kind message hint } run { id } workflowRun { id } } }
  }
}"""
_INBOX = """query Notifications {
  notifications(first: 50) {
    totalCount
    nodes { kind subject text at link acknowledgedAt }
  }
}"""
_DECIDE = """mutation Decide($input: DecideApprovalInput!) {
  decideApproval(input: $input) { approved userErrors { field message } }
}"""


def run_page_path(run_id: str) -> str:
    """Return the path of the page of a run or workflow run."""
    if run_type_name(run_id) == "WorkflowRun":
        return _playground(_WORKFLOW_RUN, {"id": to_global_id("WorkflowRun", run_id)})
    return _playground(_RUN, {"id": to_global_id("Run", run_id)})


def approval_page_path(workflow_run: str, step: str) -> str:
    """Return the path of the page on which a person decides an approval."""
    decision = {"id": to_global_id("WorkflowRun", workflow_run), "step": step, "approved": True, "comment": ""}
    return _playground(_DECIDE, {"input": decision})


def channel_page_path(channel_id: str) -> str:
    """Return the path of the page of a notification channel."""
    return _playground(_CHANNEL, {"id": to_global_id("NotificationChannel", channel_id)})


def report_page_path(run_id: str) -> str:
    """Return the path of the page with the link to the file of a run that wrote a report."""
    return _playground(_REPORT, {"id": to_global_id("Run", run_id)})


def replay_page_path(replay_id: str) -> str:
    """Return the path of the page of a replay."""
    return _playground(_REPLAY, {"id": to_global_id("Replay", replay_id)})


def incident_page_path(incident_id: str) -> str:
    """Return the path of the page of an incident."""
    return _playground(_INCIDENT, {"id": to_global_id("Incident", incident_id)})


def run_type_name(run_id: str) -> str:
    """Return the API's type of the run with this document id."""
    return "WorkflowRun" if is_workflow_run_id(run_id) and ":" not in run_id else "Run"


def _playground(document: str, variables: Mapping[str, object]) -> str:
    parameters = {"query": document, "variables": json.dumps(variables)}
    return f"/playground?{urlencode(parameters, quote_via=quote)}"


INBOX_PAGE_PATH = _playground(_INBOX, {})
"""The path of the page with the latest notifications."""
