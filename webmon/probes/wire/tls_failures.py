"""Why there is no TLS with a server, in words of our own; OpenSSL's are for programmers."""

import ssl
from datetime import datetime
from typing import Any

from webmon.probes.wire.certificates import Certificate
from webmon.probes.wire.texts import excerpt

EXPIRED, NOT_YET_VALID = 10, 9
SELF_SIGNED = 18
UNKNOWN_ISSUER = frozenset({2, 19, 20, 21, 27})
NO_ISSUER_SHOWN = frozenset({2, 20, 21})
OTHER_NAME = frozenset({62, 64})
WEAK_KEY, WEAK_ISSUER_KEY, WEAK_SIGNATURE = 66, 67, 68
"""OpenSSL's verification results (X509_V_ERR_…) that have a message of their own."""

WEAK_HASHES = frozenset({"SHA1", "MD5"})
MOST_NAMES = 3

NOT_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
"""What OpenSSL says when the other side speaks something else."""

TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"})

WANTS_CERTIFICATE = "the server wants a client certificate"
_CERTIFICATE_REQUIRED = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
_HANDSHAKE_FAILURE = "SSLV3_ALERT_HANDSHAKE_FAILURE"

_REASONS = {
    _CERTIFICATE_REQUIRED: WANTS_CERTIFICATE,
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": "the server speaks no HTTP/1.1 over TLS (ALPN)",
    "TLSV1_UNRECOGNIZED_NAME": "the server knows no site of this name",
    "TLSV1_ALERT_ACCESS_DENIED": "the server denies access",
    "TLSV1_ALERT_UNKNOWN_CA": "the server does not know the authority of our client certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the server does not accept our client certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the server cannot use our client certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the server says that our client certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the server says that our client certificate is revoked",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the server does not accept our client certificate",
    "TLSV1_ALERT_INSUFFICIENT_SECURITY": "the server wants stronger encryption than we have",
    "TLSV1_ALERT_INTERNAL_ERROR": "the server met an internal error",
    "TLSV1_ALERT_DECODE_ERROR": "the server could not read our greeting",
    "TLSV1_ALERT_DECRYPT_ERROR": "the server could not verify our signature",
    "SSLV3_ALERT_ILLEGAL_PARAMETER": "the server does not like our greeting",
    "SSLV3_ALERT_UNEXPECTED_MESSAGE": "the server expected another message",
    "TLSV1_ALERT_USER_CANCELLED": "the server cancelled the handshake",
    "SSLV3_ALERT_CLOSE_NOTIFY": "the server closed the connection",
    "SSLV3_ALERT_BAD_RECORD_MAC": "the server received damaged data",
    "DH_KEY_TOO_SMALL": "the server's Diffie-Hellman key is too weak",
    "WRONG_SIGNATURE_TYPE": "the server signs with a hash that is too weak",
    "LEGACY_SIGALG_DISALLOWED_OR_UNSUPPORTED": "the server signs with a hash that is too weak",
    "WRONG_CIPHER_RETURNED": "the server chose a cipher that was not offered",
    "UNEXPECTED_EOF_WHILE_READING": "the server broke the connection off",
    "BAD_SIGNATURE": "the server's signature is wrong",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "the server sent damaged data",
    "UNEXPECTED_MESSAGE": "the server sent a message that does not belong there",
}


def handshake_failure(
    error: ssl.SSLError, place: object, *, answered: bool = False, wants_certificate: bool = False
) -> str:
    """Why there is no TLS with ``place``, in one sentence; certificates have their own below.

    ``answered`` says that the server had chosen a cipher, ``wants_certificate`` that it has asked
    for a certificate of ours.
    """
    if error.reason in NOT_TLS:
        return f"{place} does not speak TLS"
    if error.reason in TOO_OLD:
        return f"{place} offers no version of TLS that is safe (1.2 or later)"
    if error.reason == _HANDSHAKE_FAILURE:
        if wants_certificate:
            return WANTS_CERTIFICATE
        why = "the server broke it off" if answered else "no cipher in common with the server"
        return f"TLS handshake failed: {why}"
    if error.reason == _CERTIFICATE_REQUIRED:
        return WANTS_CERTIFICATE
    return f"TLS handshake failed: {plain_reason(error)}"


def plain_reason(error: ssl.SSLError) -> str:
    """What went wrong, in words; for what is rare in OpenSSL's own."""
    reason = error.reason or "unknown reason"
    if reason in _REASONS:
        return _REASONS[reason]
    return reason.replace("_", " ").lower().replace("sslv3 ", "").replace("tlsv1 ", "")


def wants_certificate(error: ssl.SSLError) -> bool:
    """Whether the server ended the connection because we showed no certificate (TLS 1.3)."""
    return error.reason == _CERTIFICATE_REQUIRED


def verification_failure(
    error: ssl.SSLCertVerificationError,
    chain: tuple[Certificate, ...],
    host: str,
    *,
    now: datetime,
) -> str:
    """Why the certificate was not accepted, in one sentence. ``chain`` is what the server sent."""
    code, shown = error.verify_code, chain[0] if chain else None
    if code == EXPIRED:
        return _expired(chain, now)
    if code == NOT_YET_VALID:
        begins = f": it begins on {shown.not_before:%Y-%m-%d %H:%M} UTC" if shown else ""
        return f"certificate is not yet valid{begins}"
    if code in OTHER_NAME:
        return other_name(shown, host)
    if code == SELF_SIGNED:
        return "certificate is signed by itself, not by a known authority"
    if code in UNKNOWN_ISSUER:
        return _unknown_issuer(code, chain)
    if code == WEAK_KEY:
        key = f" ({shown.key})" if shown else ""
        return f"certificate has a key that is too weak{key}"
    if code == WEAK_ISSUER_KEY:
        return "an authority of the certificate has a key that is too weak"
    if code == WEAK_SIGNATURE:
        return _weak_signature(chain)
    return f"certificate is not accepted: {error.verify_message}"


def _expired(chain: tuple[Certificate, ...], now: datetime) -> str:
    if chain and chain[0].not_after <= now:
        return f"certificate expired {_age(now - chain[0].not_after)} ago"
    for each in chain[1:]:
        if each.not_after <= now:
            ago = _age(now - each.not_after)
            return f"an intermediate certificate has expired {ago} ago ({each.subject})"
    return "an intermediate certificate has expired"


def other_name(shown: Certificate | None, host: str) -> str:
    """What is to be said of a certificate that is not for ``host``."""
    if shown is not None and not shown.names:
        common = f": browsers ignore its common name {shown.common_name}"
        return f"certificate is for no host, not for {host}{common if shown.common_name else ''}"
    return f"certificate is for {_list(shown)}, not for {host}"


def _unknown_issuer(code: int, chain: tuple[Certificate, ...]) -> str:
    """A server that forgets an intermediate works in the browsers that have met it elsewhere."""
    if not chain:
        return "certificate is signed by an unknown authority"
    top = chain[-1]
    if code in NO_ISSUER_SHOWN and not top.is_self_signed:
        missing = f"the server does not send the intermediate certificate “{top.issuer}”"
        if top.names_issuers_place:
            return f"{missing}, which leads to a known authority"
        return f"certificate is signed by an unknown authority ({top.issuer}), or {missing}"
    return f"certificate is signed by an unknown authority ({chain[0].issuer})"


def _weak_signature(chain: tuple[Certificate, ...]) -> str:
    for number, each in enumerate(chain):
        if each.signature_hash in WEAK_HASHES and not each.is_self_signed:
            whose = "certificate" if number == 0 else f"the authority {each.subject}"
            return f"{whose} is signed with a hash that is too weak ({each.signature_hash})"
    return "certificate is signed with a hash that is too weak"


def _list(shown: Certificate | None) -> str:
    if shown is None or not shown.names:
        return "another host"
    names = ", ".join(excerpt(name) for name in shown.names[:MOST_NAMES])
    more = len(shown.names) - MOST_NAMES
    return f"{names} and {more} more" if more > 0 else names


def _age(age: Any) -> str:
    if age.days:
        return f"{age.days} day{'s' if age.days > 1 else ''}"
    hours = age.seconds // 3600
    return f"{hours} hour{'s' if hours > 1 else ''}" if hours else "less than an hour"
