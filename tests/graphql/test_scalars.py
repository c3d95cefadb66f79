"""The custom scalars, and what is recommended for them."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLScalarType, specified_scalar_types

from tocsin.graphql.scalars import parse_url
from tocsin.graphql.schema import schema


@pytest.mark.parametrize("value", ["", "x" * 9000, 3, None])
def test_wrong_urls(value: object) -> None:
    with pytest.raises(ValueError, match="URL"):
        parse_url(value)


def test_every_scalar_has_a_recommended_mapping_for_code_generators() -> None:
    scalars = {
        name for name, type_ in schema._schema.type_map.items() if isinstance(type_, GraphQLScalarType)
    } - specified_scalar_types.keys()
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    section = text.split("## Code generators")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) - {"ID"} == scalars
    for generator in ("graphql-codegen", "gql.tada", "relay-compiler", "ariadne-codegen", "Apollo Kotlin", "genqlient"):
        example = section.split(generator, 1)[1].split("```")[0]
        assert {name for name in scalars if name in example} == scalars, generator
