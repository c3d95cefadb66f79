"""Global IDs: base64 of `Type:id`, opaque to clients (Relay's Global Object Identification)."""

import base64
import binascii

from tocsin.documents import to_global_id
from tocsin.errors import InvalidInput, NotFound

_MAX_LENGTH = 400
_TYPE_NAMES = {
    "Task": "task",
    "Run": "run",
    "ApiToken": "API token",
    "Session": "session",
    "User": "user",
    "Workflow": "workflow",
    "WorkflowRun": "workflow run",
    "Replay": "replay",
    "Incident": "incident",
    "Notification": "notification",
    "NotificationChannel": "notification channel",
    "NotificationDelivery": "delivery",
    "Secret": "secret",
    "PublicLink": "public link",
}


def encode_id(type_name: str, document_id: str) -> str:
    """Return the global ID of a document."""
    return to_global_id(type_name, document_id)


def decode_id(global_id: str, *path: str) -> tuple[str, str]:
    """Return the type and the document ID. Raises InvalidInput at `path` for a malformed ID."""
    try:
        raw = base64.b64decode(global_id[:_MAX_LENGTH].encode("ascii"), altchars=b"-_", validate=True)
        type_name, colon, document_id = raw.decode().partition(":")
    except (binascii.Error, ValueError):
        raise _malformed_id(path) from None
    if not colon or not type_name.isalpha() or not document_id or "\0" in document_id:
        raise _malformed_id(path)
    return type_name, document_id


def _malformed_id(path: tuple[str, ...]) -> InvalidInput:
    return InvalidInput("This is not a valid id. Use an id exactly as this API returned it.", *path)


def decode_as(type_name: str, global_id: str, *path: str) -> str | None:
    """Return the document ID, or None for an ID of another type. Raises InvalidInput for a malformed ID."""
    found, document_id = decode_id(global_id, *path)
    return document_id if found == type_name else None


def require_id(type_name: str, global_id: str, *path: str) -> str:
    """Return the document ID. Raises NotFound for an ID of another type, InvalidInput for a malformed ID."""
    document_id = decode_as(type_name, global_id, *path)
    if document_id is None:
        raise NotFound(f"You have no {_TYPE_NAMES[type_name]} with this id.", *path)
    return document_id
