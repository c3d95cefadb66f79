"""Frames that are made once for many connections are those that any WebSocket parser reads."""

import json

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tocsin.graphql.sharing.delivery import Payloads
from tocsin.web.outlets import OperationOutlet, encode_messages


@pytest.mark.parametrize("lengths", [[0], [1, 100, 98, 99], [65_000, 65_490, 65_500, 70_000, 3]])
def test_each_result_is_one_message(lengths: list[int]) -> None:
    results = [json.dumps({"data": "x" * length}).encode() for length in lengths]
    client = ClientProtocol(parse_uri("ws://localhost/"), max_size=None, state=State.OPEN)
    client.receive_data(encode_messages(b'{"id": "1", "payload": ', Payloads(results)))
    frames = [event for event in client.events_received() if isinstance(event, Frame)]
    assert {(frame.opcode, frame.fin) for frame in frames} == {(Opcode.TEXT, True)}
    assert [json.loads(bytes(frame.data)) for frame in frames] == [
        {"id": "1", "payload": {"data": "x" * length}} for length in lengths
    ]


def test_operations_with_the_same_id_get_the_same_bytes() -> None:
    sent: list[bytes] = []

    class Socket:
        def write_frames(self, frames: bytes) -> None:
            sent.append(frames)

    payloads = Payloads([b"{}"])
    for name in ("a", "a", 'b"\u00fc'):
        OperationOutlet(Socket(), name).write(payloads)  # type: ignore[arg-type]
    assert sent[0] is sent[1]
    assert json.loads(sent[2][2:]) == {"id": 'b"\u00fc', "type": "next", "payload": {}}
