"""TLS to targets: trust, and explanations of its errors.

A certificate is valid for the names in its subjectAltName; a common name in its subject does not count (RFC 9110
section 4.3.4).
"""

import functools
import re
import ssl
from typing import Any

from cryptography import x509

_CERTIFICATE_FAULTS = {  # X509_V_ERR_* of OpenSSL
    9: ("is not valid yet", "Check the clocks of both machines and the certificate's dates."),
    10: ("has expired", "Renew the certificate of the server."),
    18: (
        "is self-signed",
        "Use a certificate from a known authority, or add this one to the system's trusted ones.",
    ),
    19: (
        "comes from an unknown authority",
        "Add the authority's root certificate to the system's trusted ones.",
    ),
    20: (
        "comes from an unknown authority",
        "Let the server send its intermediate certificates, or trust its authority.",
    ),
    62: ("is for another host name", "Call the server by a name that its certificate lists."),
    64: ("is not for this IP address", "Call the server by a name that its certificate lists."),
    66: ("has a key that is too weak", "Use an RSA key of at least 2,048 bits, or an elliptic curve key."),
    67: ("comes from an authority whose key is too weak", "Use a certificate of another authority."),
    68: ("is signed with a hash that is too weak", "Use a certificate that is signed with SHA-256 or better."),
}
_NAME_FAULTS = frozenset({62, 64})
_NO_NAMES = (
    "names no host in its subjectAltName, and a common name (CN) is not used",
    "Use a certificate that lists the host in its subjectAltName, as authorities have issued since 2011.",
)
_CLIENT_CERTIFICATE = (
    "requires a client certificate, which Tocsin does not have",
    "Let the server, or a gateway in front of it, accept other credentials, such as a token in a header.",
)
_VERSION = (
    "does not support a version of TLS that Tocsin accepts",
    "Let the server support TLS 1.2 or 1.3.",
)
_SETTINGS = (
    "has no TLS settings in common with Tocsin",
    "Let the server offer current cipher suites. It may also require a client certificate.",
)
_NO_TLS = ("does not speak TLS", "Does this port speak https? If not, use http:// or the right port.")
_NAME = ("does not know this host name", "Call the server by a name that it serves.")
# Suffixes of OpenSSL's reasons. These are alerts about a client certificate, of which we have none.
_ABOUT_OURS = (
    "ALERT_CERTIFICATE_REQUIRED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_NO_CERTIFICATE",
    "ALERT_UNKNOWN_CA",
    "ALERT_ACCESS_DENIED",
    "ALERT_HANDSHAKE_FAILURE",
)
_REASONS = {
    "ALERT_PROTOCOL_VERSION": _VERSION,
    "UNSUPPORTED_PROTOCOL": _VERSION,
    "ALERT_HANDSHAKE_FAILURE": _SETTINGS,
    "ALERT_INSUFFICIENT_SECURITY": _SETTINGS,
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "PACKET_LENGTH_TOO_LONG": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "UNRECOGNIZED_NAME": _NAME,
}
CLOSED_FOR_CERTIFICATE = (
    "requires a client certificate: it asked for one, and closed the connection when Tocsin had none",
    _CLIENT_CERTIFICATE[1],
)
_HANDSHAKE, _CERTIFICATE_REQUEST = 22, 13  # RFC 8446, sections 5.1 and 4
_REASON = re.compile(r"\[SSL: ([A-Z0-9_/]+)\]")
_OLD_NAMES = re.compile(r"^(ssl/tls|sslv3|tlsv1|tlsv13) ")


class ObservedSslObject(ssl.SSLObject):
    """A TLS connection that records whether the server asks for a client certificate, and adds to an error of the
    handshake the certificates that the server had sent.

    In TLS 1.3 the handshake succeeds before the server notices a missing client certificate. Its alert comes later,
    and is lost if the connection is reset while the request is still being written.
    """

    certificate_requested = False

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
            self.context = _unobserved()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            error.shown = _shown(self)  # type: ignore[attr-defined]
            raise


def make_client_context(context: ssl.SSLContext | None = None) -> ssl.SSLContext:
    """Prepare `context`, or one with the system's trusted certificates, for calls to targets."""
    context = context or _trusting()
    context.hostname_checks_common_name = False
    context.sslobject_class = ObservedSslObject
    _unobserved()  # reads the system's certificates, so that no connection waits for that
    context._msg_callback = _note_message  # type: ignore[attr-defined]  # the only access to a handshake's messages
    return context


@functools.cache
def _trusting() -> ssl.SSLContext:
    """Return the context that all clients share. Reading the system's certificates takes some 20 ms."""
    return ssl.create_default_context()


@functools.cache
def _unobserved() -> ssl.SSLContext:
    """Return the context used after the handshake: observing each record would cost more than the request."""
    return ssl.create_default_context()


def _note_message(connection: Any, direction: str, _version: Any, content: int, message: int, _data: bytes) -> None:
    if direction == "read" and content == _HANDSHAKE and message == _CERTIFICATE_REQUEST:
        connection.certificate_requested = True


def find_openssl_reason(error: BaseException) -> str | None:
    """Return OpenSSL's reason for an error, such as WRONG_VERSION_NUMBER; None if it is not a TLS error.

    An error on an established connection has the reason only in its text.
    """
    if isinstance(error, ssl.SSLError) and isinstance(error.reason, str):
        return error.reason
    found = _REASON.search(str(error))
    return found[1] if found else None


def explain_certificate_error(error: Any) -> tuple[str, str]:
    """Explain why a certificate could not be verified, as a predicate, with a hint."""
    code = getattr(error, "verify_code", 0)
    if code in _NAME_FAULTS and _lacks_names(getattr(error, "shown", ())):
        return _NO_NAMES
    what, hint = _CERTIFICATE_FAULTS.get(code, ("cannot be trusted", "Check the certificate of the server."))
    detail = getattr(error, "verify_message", "")
    return (f"{what} ({detail.rstrip('.')})" if detail else what), hint


def explain_tls_error(error: BaseException) -> tuple[str, str]:
    """Explain what the server did to end TLS, as a predicate, with a hint."""
    reason = find_openssl_reason(error) or "handshake failed"
    # A server that has sent its certificate has agreed on the settings, and may ask for a client certificate.
    if reason.endswith(_ABOUT_OURS) and getattr(error, "shown", True):
        return _CLIENT_CERTIFICATE
    for end, explanation in _REASONS.items():
        if reason.endswith(end):
            return explanation
    words = _OLD_NAMES.sub("", reason.replace("_", " ").lower())
    hint = "The log of the server, or of a proxy in front of it, may say why."
    return f"did not speak TLS as expected ({words})", hint


def _shown(connection: ssl.SSLObject) -> list[Any]:
    """Return the certificates that the server sent. Before Python 3.13 only a private method has them."""
    inner = getattr(connection, "_sslobj", None)
    chain = getattr(inner, "get_unverified_chain", None)
    return list(chain() or ()) if chain is not None else []


def _lacks_names(shown: Any) -> bool:
    """Tell whether the server's certificate lists neither a host name nor an address."""
    if not shown:
        return False
    try:
        certificate = x509.load_pem_x509_certificate(shown[0].public_bytes().encode())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:  # a certificate that OpenSSL accepts and cryptography does not
        return False
    return not (names.get_values_for_type(x509.DNSName) or names.get_values_for_type(x509.IPAddress))
