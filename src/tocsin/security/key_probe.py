"""A known text, sealed with the operator's encryption key: whoever can open it has the right key."""

from tocsin.security.keys import Keys
from tocsin.security.secrets import SecretBox, SecretUnreadable

_TEXT = "tocsin"


def seal_probe(keys: Keys) -> str:
    """The probe, sealed with the key that seals."""
    return SecretBox(keys.encryption).seal(_TEXT, _TEXT)


def opens_probe(keys: Keys, probe: str) -> bool:
    """Tell whether one of the encryption keys opens it."""
    return _opens(SecretBox(keys.encryption, keys.former), probe)


def is_sealed_with_first(keys: Keys, probe: str) -> bool:
    """Tell whether the key that seals opens it, and not only a former one."""
    return _opens(SecretBox(keys.encryption), probe)


def _opens(box: SecretBox, probe: str) -> bool:
    try:
        return box.open(probe, _TEXT) == _TEXT
    except SecretUnreadable:
        return False
