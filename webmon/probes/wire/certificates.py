"""TLS as the probes need it: one context per way of verifying, and what a certificate says."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

import certifi
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID, NameOID

from webmon.probes.wire.texts import excerpt

EXPIRED, NOT_YET_VALID = 10, 9
SELF_SIGNED = 18
UNKNOWN_ISSUER = frozenset({2, 19, 20, 21, 27})
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


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a server's certificate says of itself."""

    not_before: datetime
    not_after: datetime
    subject: str
    issuer: str
    names: tuple[str, ...]
    serial: str
    """Hexadecimal, as browsers show it."""
    fingerprint: str
    """Of SHA-256, hexadecimal."""
    key: str
    """Such as ``RSA, 2048 bits``."""
    signature_hash: str
    """Such as ``SHA256``; empty where the signature has none of its own."""

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires, negative when it has."""
        return (self.not_after - now).days


@cache
def tls_context(verify: bool, *, http: bool = True) -> ssl.SSLContext:
    """The process's client context: the system's authorities, and Mozilla's besides.

    Loading the authorities takes milliseconds, so that this is made once and never per check.
    With ``http`` false, nothing is said about what will be spoken over the connection.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if http:
        context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache(maxsize=2048)
def read_certificate(der: bytes) -> Certificate | None:
    """What the certificate says; None where it cannot be read."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        return Certificate(
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            _shown(certificate.subject, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME),
            _shown(certificate.issuer, NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME),
            _names(certificate),
            f"{certificate.serial_number:x}",
            certificate.fingerprint(hashes.SHA256()).hex(),
            _key(certificate),
            _signature_hash(certificate),
        )
    except (ValueError, TypeError, x509.DuplicateExtension):
        return None


def _shown(name: x509.Name, *preferred: x509.ObjectIdentifier) -> str:
    for oid in preferred:
        found = name.get_attributes_for_oid(oid)
        if found:
            return excerpt(str(found[0].value))
    return excerpt(name.rfc4514_string())


def _key(certificate: x509.Certificate) -> str:
    try:
        key: Any = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown"
    algorithm = type(key).__name__.lstrip("_").removesuffix("PublicKey")
    size = getattr(key, "key_size", None)
    return f"{algorithm}, {size} bits" if size else algorithm


def _signature_hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "an unknown hash"
    return algorithm.name.upper() if algorithm else ""


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
    except x509.ExtensionNotFound:
        common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return tuple(str(name.value) for name in common)
    alternatives: Any = extension.value
    names = alternatives.get_values_for_type(x509.DNSName)
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*names, *(str(address) for address in addresses))


def presented_certificate(tls: ssl.SSLObject) -> bytes | None:
    """The certificate the server showed, also when it was not accepted."""
    try:
        if hasattr(tls, "get_unverified_chain"):  # Python 3.13
            chain: Any = tls.get_unverified_chain()
            return bytes(chain[0]) if chain else None
        chain = tls._sslobj.get_unverified_chain()  # type: ignore[attr-defined]
        return ssl.PEM_cert_to_DER_cert(chain[0].public_bytes()) if chain else None
    except (AttributeError, ValueError, ssl.SSLError):
        return None  # only the details of a message depend on it


def verification_failure(
    error: ssl.SSLCertVerificationError, shown: Certificate | None, host: str, *, now: datetime
) -> str:
    """Why the certificate was not accepted, in one sentence."""
    code = error.verify_code
    if code == EXPIRED:
        if shown is None or shown.not_after > now:
            return "an intermediate certificate has expired"
        return f"certificate expired {_age(now - shown.not_after)} ago"
    if code == NOT_YET_VALID:
        begins = f": it begins on {shown.not_before:%Y-%m-%d %H:%M} UTC" if shown else ""
        return f"certificate is not yet valid{begins}"
    if code in OTHER_NAME:
        return f"certificate is for {_list(shown)}, not for {host}"
    if code == SELF_SIGNED:
        return "certificate is signed by itself, not by a known authority"
    if code in UNKNOWN_ISSUER:
        issuer = f" ({shown.issuer})" if shown else ""
        return f"certificate is signed by an unknown authority{issuer}"
    if code == WEAK_KEY:
        key = f" ({shown.key})" if shown else ""
        return f"certificate has a key that is too weak{key}"
    if code == WEAK_ISSUER_KEY:
        return "an authority of the certificate has a key that is too weak"
    if code == WEAK_SIGNATURE:
        # It may be the one of an authority in the chain: only the certificate's own is known here.
        weak = f" ({shown.signature_hash})" if shown and shown.signature_hash in WEAK_HASHES else ""
        return f"certificate is signed with a hash that is too weak{weak}"
    return f"certificate is not accepted: {error.verify_message}"


def handshake_failure(error: ssl.SSLError, place: object) -> str:
    """Why there is no TLS with ``place``, in one sentence; certificates have their own above."""
    if error.reason in NOT_TLS:
        return f"{place} does not speak TLS"
    if error.reason in TOO_OLD:
        return f"{place} offers no version of TLS that is safe (1.2 or later)"
    return f"TLS handshake failed: {plain_reason(error)}"


def plain_reason(error: ssl.SSLError) -> str:
    """OpenSSL's own words for what went wrong."""
    return (error.reason or "unknown reason").replace("_", " ").lower()


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
