import pytest

from tocsin.graphql.scalars import parse_url


@pytest.mark.parametrize("value", ["", "x" * 9000, 3, None])
def test_wrong_urls(value: object) -> None:
    with pytest.raises(ValueError, match="URL"):
        parse_url(value)
