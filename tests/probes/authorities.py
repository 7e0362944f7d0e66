"""Certificates that no authority of today would give out."""

import ssl
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from webmon.clock import utcnow

DER = serialization.Encoding.DER
SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d010105")


def weak_context(
    authority: trustme.CA, folder: Path, name: str, *, bits: int = 2048, sha1: bool = False
) -> ssl.SSLContext:
    """A server's context with a certificate for ``name``, as weak as asked for.

    The authority's own key must be an RSA key.
    """
    signer: Any = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
    key = _key(bits)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(utcnow() - timedelta(days=1))
        .not_valid_after(utcnow() + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=True)
        .sign(signer, hashes.SHA256())
    )
    der = certificate.public_bytes(DER)
    if sha1:
        der = _signed_again(certificate, signer)
    return _serving(der, key, folder)


@cache
def _key(bits: int) -> rsa.RSAPrivateKey:
    """Made once: that takes longer than all else here."""
    return rsa.generate_private_key(65537, bits)


def _signed_again(certificate: x509.Certificate, signer: rsa.RSAPrivateKey) -> bytes:
    """The same certificate signed with SHA-1, which the library no longer does by itself."""
    before = certificate.tbs_certificate_bytes
    signed = before.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    signature = signer.sign(signed, padding.PKCS1v15(), hashes.SHA1())
    der = certificate.public_bytes(DER).replace(before, signed)
    der = der.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    return der.replace(certificate.signature, signature)


def _serving(der: bytes, key: rsa.RSAPrivateKey, folder: Path) -> ssl.SSLContext:
    chain, private = folder / "weak.pem", folder / "weak.key"
    chain.write_text(ssl.DER_cert_to_PEM_cert(der))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.load_cert_chain(chain, private)
    return context
