"""The fields of a collection are declared twice, as a Beanie model and as the type of its documents: both must agree.

A field that a document may lack needs a default in the model, and each field has the same type in both.
"""

from collections.abc import Iterator
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from beanie import Document

from tocsin.documents import Database
from tocsin.documents.collections import MODELS

DEVIATIONS = {
    ("Delivery", "channel"): "A document lacks it or names a channel; null is the model's word for a missing one.",
    ("IdempotencyKey", "_id"): "The type is also that of a call without a key, which is not stored.",
    ("IdempotencyKey", "fingerprint"): "A call without a key has none.",
    ("OwnerUsage", "counts"): "The model has the numbers of a count without their names.",
    ("Queue", "created_at"): "The queue `default` has no times until it is changed. Queues are not read as models.",
    ("Queue", "updated_at"): "As `created_at`.",
    ("Replay", "left"): "It is computed when the replay is claimed, and not stored.",
    ("Run", "lane"): "Every new run has one; a run of an earlier release may lack it.",
    ("WorkflowRun", "steps"): "The model leaves the states of up to thousands of steps unchecked.",
}
"""The deviations on purpose, and the reasons for them."""


def document_types() -> dict[str, Any]:
    """Return the type of the documents of each collection, as the properties of Database declare them."""
    properties = {name: member for name, member in vars(Database).items() if isinstance(member, property)}
    return {name: get_args(get_type_hints(member.fget)["return"])[0] for name, member in properties.items()}


def without_typed_dicts(declared: Any) -> Any:
    """Return a type as models declare it at run time, with plain dicts in the place of typed ones."""
    if is_typeddict(declared):
        return dict[str, Any]
    origin, arguments = get_origin(declared), tuple(map(without_typed_dicts, get_args(declared)))
    if origin in (Union, UnionType):
        return Union[arguments]  # noqa: UP007  # the members are known only at run time
    return origin[arguments] if origin else declared


def deviating_fields(model: type[Document], document: Any) -> Iterator[str]:
    """Yield the fields that the two declare differently."""
    of_document = get_type_hints(document)
    of_model = {("_id" if name == "id" else name): field for name, field in model.model_fields.items()}
    del of_model["revision_id"]  # Beanie's own, which is not stored
    yield from of_document.keys() ^ of_model.keys()
    for name in of_document.keys() & of_model.keys():
        needed_by_model_only = of_model[name].is_required() and name in document.__optional_keys__
        if needed_by_model_only or without_typed_dicts(of_document[name]) != of_model[name].annotation:
            yield name


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_and_the_type_of_its_documents_have_the_same_fields(model: type[Document]) -> None:
    found = set(deviating_fields(model, document_types()[model.Settings.name]))
    assert found == {field for name, field in DEVIATIONS if name == model.__name__}
