"""A known text sealed with the operator's encryption key, by which the right key is recognized."""

from tocsin.security.key_files import Keys
from tocsin.security.secret_box import SecretBox, SecretUnreadable

_TEXT = "tocsin"


def seal_probe(keys: Keys) -> str:
    """Return a probe, sealed with the current encryption key."""
    return SecretBox(keys.encryption).seal(_TEXT, _TEXT)


def opens_probe(keys: Keys, probe: str) -> bool:
    """Tell whether one of the encryption keys opens the probe."""
    return _opens(SecretBox(keys.encryption, keys.former), probe)


def is_sealed_with_first(keys: Keys, probe: str) -> bool:
    """Tell whether the current encryption key opens the probe, rather than a former one."""
    return _opens(SecretBox(keys.encryption), probe)


def _opens(box: SecretBox, probe: str) -> bool:
    try:
        return box.open(probe, _TEXT) == _TEXT
    except SecretUnreadable:
        return False
