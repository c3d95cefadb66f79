"""The documentation shows for each kind of channel its settings, and exactly what arrives."""

import json
import re
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from tests.notifications.channels.helpers import NOTICE, RULES
from tests.notifications.channels.samples import SAMPLES
from tocsin.notifications.channels import CONFIGURABLE_CHANNELS
from tocsin.notifications.channels.http_channel import HttpChannel

TEXT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
SECTIONS = {title.lower(): text for title, text in re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", TEXT, re.M | re.S)}


def test_each_kind_has_a_section() -> None:
    assert set(SECTIONS) == set(CONFIGURABLE_CHANNELS)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_payload_is_the_documented_one(kind: str) -> None:
    channel = CONFIGURABLE_CHANNELS[kind]
    assert isinstance(channel, HttpChannel)
    (documented,) = re.findall(r"```json\n(.*?)```", SECTIONS[kind], re.S)
    assert json.loads(documented) == json.loads(
        channel.compose(NOTICE, channel.parse_settings(SAMPLES[kind].given, RULES)).body
    )


@pytest.mark.parametrize("kind", CONFIGURABLE_CHANNELS)
def test_the_settings_are_the_documented_ones(kind: str) -> None:
    model = CONFIGURABLE_CHANNELS[kind].settings_model
    table = SECTIONS[kind].split("| setting | meaning |\n")[1].split("\n\n")[0]
    documented = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert documented == [to_camel(name) for name in model.model_fields if name not in model.generated]
