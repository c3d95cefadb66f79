"""Request bodies, as they are given, stored and sent."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InvalidInput
from tocsin.input_models import parse_params
from tocsin.jobs.http.body import MAX_BODY_BYTES, HttpBody, encode_body, prepare_body, restore_body
from tocsin.jobs.http.input import HttpInput, prepare_http_params
from tocsin.jobs.http.params import HttpParamsDocument
from tocsin.security.secret_box import SecretBox

BOX = SecretBox(bytes(32))


URL = "https://api.example/hook?x=1"


def store(previous: Mapping[str, Any] | None = None, **fields: Any) -> HttpParamsDocument:
    return prepare_http_params(parse_params(HttpInput, {"url": URL, **fields}), BOX, "alice", previous)


@given(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text())
)
def test_a_json_body_comes_back_as_it_was_given(value: dict[str, Any]) -> None:
    assert restore_body(store(body=value)["body"]) == value


def test_text_and_form_bodies_come_back_too() -> None:
    assert restore_body(store(body_text="a\x00b")["body"]) == "a\x00b"
    assert restore_body(store(body_form={"a": ["1", "2"], "b": "3"})["body"]) == {"a": ["1", "2"], "b": "3"}
    assert restore_body(store()["body"]) is None


def test_endless_nesting_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(InvalidInput):
        store(body=nested)


def sent(**given: Any) -> tuple[str | None, bytes | None]:
    """Return the content type and the bytes of a body that was stored."""
    stored = prepare_body(given.get("json_value"), given.get("text"), given.get("form"))
    return encode_body(None if stored is None else HttpBody.model_validate(stored))


def test_each_kind_of_body_has_its_content_type() -> None:
    assert sent() == (None, None)
    assert sent(json_value=False) == ("application/json", b"false")
    assert sent(text="") == ("text/plain; charset=utf-8", b"")
    assert sent(form={}) == ("application/x-www-form-urlencoded", b"")


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")) | st.integers()))
def test_a_form_is_read_back_by_a_server(form: dict[str, str | int]) -> None:
    _, body = sent(form=form)
    assert body is not None
    assert parse_qsl(body.decode(), keep_blank_values=True) == [(name, str(value)) for name, value in form.items()]


def test_a_list_in_a_form_repeats_its_field() -> None:
    assert sent(form={"a": [1, True, "x"], "b": 2.5})[1] == b"a=1&a=true&a=x&b=2.5"
    assert sent(form={"a": []})[1] == b""


@pytest.mark.parametrize(
    ("given_body", "path"),
    [
        ({"json_value": 1, "text": "x"}, ("bodyText",)),
        ({"text": "x", "form": {}}, ("bodyForm",)),
        ({"json_value": float("nan")}, ("body",)),
        ({"json_value": "\ud800"}, ("body",)),
        ({"text": "\ud800"}, ("bodyText",)),
        ({"form": {"a": {}}}, ("bodyForm", "a")),
        ({"form": {"a": [None]}}, ("bodyForm", "a")),
        ({"form": {"a": float("inf")}}, ("bodyForm", "a")),
        ({"form": {"\ud800": "x"}}, ("bodyForm",)),
        ({"text": "é" * (MAX_BODY_BYTES // 2) + "x"}, ("bodyText",)),
    ],
)
def test_a_body_that_cannot_be_sent_is_refused_where_it_is_wrong(
    given_body: dict[str, Any], path: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        sent(**given_body)
    assert caught.value.path == path


def test_a_body_of_the_maximum_size_is_stored() -> None:
    _, body = sent(text="é" * (MAX_BODY_BYTES // 2))
    assert len(body or b"") == MAX_BODY_BYTES
