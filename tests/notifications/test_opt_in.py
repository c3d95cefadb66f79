"""Kinds that must be chosen."""

import pytest

from tocsin.notifications.events import LINK_EVENTS, OPT_IN_KINDS, UNSTORED_KINDS, EventKind
from tocsin.notifications.opt_in import channel_takes, wants_mail


@pytest.mark.parametrize("kind", EventKind)
def test_what_must_be_chosen_is_told_only_where_it_was(kind: EventKind) -> None:
    needs_choice = kind in OPT_IN_KINDS
    assert channel_takes(None, kind) is not needs_choice
    assert channel_takes([kind.value], kind)
    assert not channel_takes([], kind)
    assert wants_mail([], kind) is not needs_choice
    assert wants_mail([kind.value], kind)


def test_no_link_has_to_be_chosen_and_what_is_not_stored_has() -> None:
    assert not OPT_IN_KINDS & LINK_EVENTS
    assert UNSTORED_KINDS <= OPT_IN_KINDS
