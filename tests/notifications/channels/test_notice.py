import pytest

from tests.notifications.channels.helpers import notice
from tocsin.json_values import InvalidJson


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("RUN_FAILED", "run.failed"),
        ("WORKFLOW_BEGAN_FAILING", "workflow.began_failing"),
        ("APPROVAL", "approval"),
    ],
)
def test_programs_read_a_dotted_kind(kind: str, name: str) -> None:
    assert notice(kind=kind).type_name == name


def test_neither_subject_nor_text_has_control_characters() -> None:
    told = notice(subject=" a\r\nb\x00\u202ec \ud800", text="\x1b[31mred\r\nnext\x85last\x07\n\n")
    assert told.subject == "a b c \ufffd"
    assert told.text == " [31mred\nnext\nlast".strip()


def test_an_end_without_an_incident_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="must name it"):
        notice(incident=None, is_over=True)


@pytest.mark.parametrize("subject", ["", " \n\x00"])
def test_a_notice_without_a_subject_is_a_mistake(subject: str) -> None:
    with pytest.raises(ValueError, match="must have a subject"):
        notice(subject=subject)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}])
def test_data_that_is_not_json_is_refused_at_once(value: object) -> None:
    with pytest.raises(InvalidJson):
        notice(data={"value": value})
