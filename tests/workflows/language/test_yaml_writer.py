"""What is written as YAML reads the same."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.workflows.language.test_expressions import JSON
from tocsin.workflows.language.yaml_reader import parse_yaml
from tocsin.workflows.language.yaml_writer import to_yaml


@example({"<<": None})
@given(st.dictionaries(st.text(min_size=1), JSON, min_size=1))
def test_what_is_written_as_yaml_reads_the_same(value: dict[str, Any]) -> None:
    assert parse_yaml(to_yaml(value)).data == value
