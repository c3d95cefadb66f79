"""Global ids: base64 of `Type:id`, opaque to those who use them (Relay's Global Object Identification)."""

import base64
import binascii

from tocsin.documents import global_id
from tocsin.errors import InvalidInput, NotFound

_LONGEST = 400
_THINGS = {
    "Task": "task",
    "Run": "run",
    "ApiToken": "API token",
    "Session": "session",
    "User": "user",
    "Workflow": "workflow",
    "WorkflowRun": "workflow run",
    "Replay": "replay",
}


def encode(type_name: str, document_id: str) -> str:
    """The global id of a document."""
    return global_id(type_name, document_id)


def decode(global_id: str, *path: str) -> tuple[str, str]:
    """The type and the document id. Raises InvalidInput at `path` for what was never an id of ours."""
    try:
        raw = base64.b64decode(global_id[:_LONGEST].encode("ascii"), altchars=b"-_", validate=True)
        type_name, colon, document_id = raw.decode().partition(":")
    except (binascii.Error, ValueError):
        raise _malformed(path) from None
    if not colon or not type_name.isalpha() or not document_id or "\0" in document_id:
        raise _malformed(path)
    return type_name, document_id


def _malformed(path: tuple[str, ...]) -> InvalidInput:
    return InvalidInput("This is not an id. Ids come from this API and are used as they are.", *path)


def find(type_name: str, global_id: str, *path: str) -> str | None:
    """The document id; None for an id of another type. Raises InvalidInput for a malformed one."""
    found, document_id = decode(global_id, *path)
    return document_id if found == type_name else None


def require(type_name: str, global_id: str, *path: str) -> str:
    """The document id. Raises NotFound for an id of another type, InvalidInput for a malformed one."""
    document_id = find(type_name, global_id, *path)
    if document_id is None:
        raise NotFound(f"You have no {_THINGS[type_name]} with this id.", *path)
    return document_id
