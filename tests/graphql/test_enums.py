"""Enums of the layers below, as the schema describes them."""

from enum import Enum

import pytest
import strawberry

from tocsin.graphql.enums import describe_enum


def test_only_described_values_are_in_the_schema() -> None:
    class Colour(Enum):
        RED = "red"
        SECRET = "secret"

    describe_enum(Colour, "A colour.", {"RED": "Like fire."}, name="Paint")

    @strawberry.type
    class Query:
        colour: Colour

    assert '"""A colour."""\nenum Paint {\n  """Like fire."""\n  RED\n}' in strawberry.Schema(Query).as_str()


def test_a_description_of_a_value_that_does_not_exist_is_a_mistake() -> None:
    class Colour(Enum):
        RED = "red"

    with pytest.raises(TypeError, match="Colour has no value"):
        describe_enum(Colour, "A colour.", {"RED": "Like fire.", "BLUE": "Like water."})
