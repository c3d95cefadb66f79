"""The probe tells whether an encryption key is the one that sealed the stored secrets."""

import pytest

from tocsin.security.key_files import InstallationKeys
from tocsin.security.key_probe import can_open_probe, is_sealed_with_current, seal_probe
from tocsin.security.secret_box import SecretBox

OLD, NEW = b"o" * 32, b"n" * 32


def keys(encryption: bytes, *former: bytes) -> InstallationKeys:
    return InstallationKeys("s" * 32, encryption, former)


@pytest.mark.parametrize(
    ("held", "opens", "is_current"),
    [(keys(OLD), True, True), (keys(NEW, OLD), True, False), (keys(NEW), False, False), (keys(OLD, NEW), True, True)],
    ids=["the same key", "a former key", "another key", "the same key and a former one"],
)
def test_a_probe_is_opened_by_the_key_that_sealed_it(held: InstallationKeys, opens: bool, is_current: bool) -> None:
    probe = seal_probe(keys(OLD))
    assert can_open_probe(held, probe) is opens
    assert is_sealed_with_current(held, probe) is is_current


def test_the_current_key_seals() -> None:
    assert is_sealed_with_current(keys(NEW, OLD), seal_probe(keys(NEW, OLD)))


@pytest.mark.parametrize("probe", ["", "v1:", "tocsin", "v1:" + "A" * 60])
def test_damaged_text_is_opened_by_no_key(probe: str) -> None:
    assert not can_open_probe(keys(OLD), probe)


def test_a_secret_of_a_user_is_no_probe() -> None:
    assert not can_open_probe(keys(OLD), SecretBox(OLD).seal("tocsin", "alice"))
    assert not can_open_probe(keys(OLD), SecretBox(OLD).seal("other", "tocsin"))
