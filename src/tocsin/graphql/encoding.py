"""The JSON of responses and events."""

import json
from collections.abc import Mapping

from pydantic_core import to_json


def encode_json(body: Mapping[str, object]) -> bytes:
    """Return JSON in UTF-8."""
    try:
        return to_json(body)  # four times as fast as json.dumps
    except ValueError:  # it is nested deeper than 250 levels, or has text that is not Unicode
        return json.dumps(body).encode()
