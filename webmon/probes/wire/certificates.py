"""What certificates say, and the chains that lead from a server's to an authority."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, NameOID

from webmon.probes.wire.texts import excerpt


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
    common_name: str = ""
    is_self_signed: bool = False
    """Whether it names itself as its issuer, as the authorities at the top do."""
    names_issuers_place: bool = False
    """Whether it says where its issuer's certificate is, for who was not shown it."""
    names_responder: bool = False
    """Whether it says who knows if it was revoked (OCSP)."""

    def days_left(self, now: datetime) -> int:
        """Whole days until it expires, negative when it has."""
        return (self.not_after - now).days


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
            _shown(certificate.subject, NameOID.COMMON_NAME),
            certificate.subject == certificate.issuer,
            AuthorityInformationAccessOID.CA_ISSUERS in (places := _places(certificate)),
            AuthorityInformationAccessOID.OCSP in places,
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
    """The hosts it is for. Browsers have long stopped to look at the common name."""
    try:
        extension = certificate.extensions.get_extension_for_oid(
            ExtensionOID.SUBJECT_ALTERNATIVE_NAME
        )
    except x509.ExtensionNotFound:
        return ()
    alternatives: Any = extension.value
    names = alternatives.get_values_for_type(x509.DNSName)
    addresses = alternatives.get_values_for_type(x509.IPAddress)
    return (*names, *(str(address) for address in addresses))


def _places(certificate: x509.Certificate) -> set[x509.ObjectIdentifier]:
    """Of what it says where to find it."""
    try:
        found: Any = certificate.extensions.get_extension_for_oid(
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS
        ).value
    except x509.ExtensionNotFound:
        return set()
    return {each.access_method for each in found}


def first_to_end(chain: tuple[Certificate, ...]) -> Certificate:
    """The certificate of a chain that ends first: from then on the whole chain is worth nothing."""
    return min(chain, key=lambda each: each.not_after)


def validity_evidence(chain: tuple[Certificate, ...], now: datetime) -> dict[str, Any]:
    """When a chain ends, in the form in which evidence is stored."""
    first = first_to_end(chain)
    found = {
        "days_left": first.days_left(now),
        "expires_at": first.not_after.isoformat(),
        "issuer": chain[0].issuer,
    }
    return found if first is chain[0] else {**found, "ends_first": first.subject}


def is_for(names: tuple[str, ...], host: str) -> bool:
    """Whether one of a certificate's ``names`` is ``host``, by the rules of browsers.

    A star stands for one whole label; unlike OpenSSL's, that may hold an underscore.
    """
    wanted = host.lower().rstrip(".").split(".")
    for name in names:
        labels = name.lower().rstrip(".").split(".")
        if labels == wanted:
            return True
        if labels[0] == "*" and len(labels) > 2 and labels[1:] == wanted[1:]:
            return True
    return False


def presented_chain(tls: ssl.SSLObject) -> tuple[Certificate, ...]:
    """The certificates the server showed, its own first, also when it was not accepted."""
    return _chain(tls, "get_unverified_chain")


def verified_chain(tls: ssl.SSLObject) -> tuple[Certificate, ...]:
    """Those of them that were needed, up to the authority; empty where nothing was verified."""
    return _chain(tls, "get_verified_chain")


def _chain(tls: ssl.SSLObject, method: str) -> tuple[Certificate, ...]:
    try:  # Python 3.13 gives it to everybody, and in another form; until then it is there already
        found: Any = getattr(tls._sslobj, method)()  # type: ignore[attr-defined]
        return _read_chain(tuple(found or ()))
    except (AttributeError, ValueError, ssl.SSLError):
        return ()  # only the details of a message depend on it


@lru_cache(maxsize=2048)
def _read_chain(found: tuple[Any, ...]) -> tuple[Certificate, ...]:
    """``found`` can be compared, so that a chain that was seen before is not read again."""
    every = (read_certificate(ssl.PEM_cert_to_DER_cert(each.public_bytes())) for each in found)
    return tuple(each for each in every if each is not None)
