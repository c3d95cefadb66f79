"""Global IDs: what one encodes it decodes, and anything else is refused."""

import base64

import pytest

from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import ids


def _encode(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).decode()


def test_an_id_is_decoded_as_its_type_only() -> None:
    task = ids.encode_id("Task", "alice/t")
    assert ids.decode_id(task) == ("Task", "alice/t")
    assert ids.decode_as("Task", task) == ids.require_id("Task", task) == "alice/t"
    assert ids.decode_as("Run", task) is None
    with pytest.raises(NotFound, match="You have no run with this id"):
        ids.require_id("Run", task, "id")


@pytest.mark.parametrize(
    "malformed",
    ["", "é", "x", _encode(b"Task"), _encode(b"Task:"), _encode(b":t"), _encode(b"T-1:t"), _encode(b"T:\0")],
)
def test_malformed_ids_are_refused_at_their_field(malformed: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid id") as error:
        ids.decode_id(malformed, "input", "id")
    assert error.value.path == ("input", "id")
