"""The JSON of responses and events."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tocsin.graphql.encoding import encode_json

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None)),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=10,
)


@given(_JSON)
def test_it_is_json(value: Any) -> None:
    assert json.loads(encode_json({"data": {"a": value}})) == {"data": {"a": value}}


def test_values_that_are_no_text_or_nested_deeply_are_encoded_too() -> None:
    value: Any = "\ud800"
    for _ in range(500):
        value = [value]
    assert json.loads(encode_json({"data": {"a": value}})) == {"data": {"a": value}}
