import base64

import pytest

from tocsin.notifications.channels.webhook.signing import (
    decode_signing_key,
    generate_signing_key,
    make_message_id,
    sign,
)

KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def test_a_key_has_32_random_bytes() -> None:
    keys = {generate_signing_key() for _ in range(20)}
    assert len(keys) == 20
    assert {len(decode_signing_key(key)) for key in keys} == {32}


@pytest.mark.parametrize(
    "key", ["", "whsec_", KEY.removeprefix("whsec_"), KEY[:-4], KEY + "AAAA", "whsec_*s3cret*", "é"]
)
def test_what_is_not_such_a_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="must be whsec_ followed by 32 bytes") as caught:
        decode_signing_key(key)
    assert "s3cret" not in str(caught.value)


def test_the_signature_of_a_known_message() -> None:
    """The expected one: `printf 'msg_1.1674087231.{}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:… | base64`."""
    assert sign("msg_1", 1674087231, "{}", [KEY]) == "v1,BxU1mYCBV2ldG2HAG6MnEv0UJfY6XIfbCpPpj/9VI/Y="


def test_each_key_signs() -> None:
    other = generate_signing_key()
    signatures = sign("msg_1", 1, "{}", [KEY, other]).split(" ")
    assert signatures == [sign("msg_1", 1, "{}", [KEY]), sign("msg_1", 1, "{}", [other])]


def test_a_message_id_has_no_text_from_users() -> None:
    hostile = "u1/t1.evil\r\nX-Evil: 1\ud800"
    made = make_message_id(hostile)
    assert made == make_message_id(hostile) != make_message_id("u1/t1")
    assert made.removeprefix("msg_").isalnum()
    assert len(made) == 36
