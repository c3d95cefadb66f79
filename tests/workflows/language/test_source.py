"""Faults name their part and its position, with texts of bounded length."""

from tocsin.workflows.language.source import Fault, WorkflowSource, format_path, shorten_fault


def test_a_path_is_written_as_in_the_source() -> None:
    assert format_path(("steps", 2, "params", "url")) == "steps[2].params.url"
    assert format_path(()) == ""


def test_a_fault_has_the_position_of_the_nearest_part_that_has_one() -> None:
    source = WorkflowSource({}, {(): (1, 1), ("steps",): (3, 2)})
    assert (
        str(source.locate_fault(("steps", 0, "key"), "It is missing."))
        == "line 3, column 2, steps[0].key: It is missing."
    )
    assert str(WorkflowSource({}).locate_fault(("name",), "No.")) == "name: No."
    assert str(Fault("Empty.")) == "Empty."


def test_messages_and_names_are_shortened() -> None:
    fault = shorten_fault(Fault("x" * 1_000, ("y" * 1_000, 5)))
    assert fault.message == "x" * 500 + "…"
    assert fault.path == ("y" * 100 + "…", 5)
