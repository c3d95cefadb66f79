"""A known text sealed with the operator's encryption key, by which the right key is recognized."""

from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import SecretBox, SecretUnreadable

_TEXT = "tocsin"


def seal_probe(keys: InstallationKeys) -> str:
    """Return a probe, sealed with the current encryption key."""
    return SecretBox(keys.encryption).seal(_TEXT, _TEXT)


def can_open_probe(keys: InstallationKeys, probe: str) -> bool:
    """Tell whether one of the encryption keys opens the probe."""
    return _opens(SecretBox(keys.encryption, keys.former), probe)


def is_sealed_with_current(keys: InstallationKeys, probe: str) -> bool:
    """Tell whether the current encryption key opens the probe, rather than a former one."""
    return _opens(SecretBox(keys.encryption), probe)


def _opens(box: SecretBox, probe: str) -> bool:
    try:
        return box.unseal_without_reload(probe, _TEXT) == _TEXT
    except SecretUnreadable:
        return False
