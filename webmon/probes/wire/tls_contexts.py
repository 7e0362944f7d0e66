"""The contexts of TLS: which authorities count, and what is offered to servers."""

import ssl
import tempfile
from dataclasses import dataclass, replace
from functools import lru_cache

import certifi
from pydantic import SecretStr

OFFERED = (
    "ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AESGCM:DHE+AES:RSA+AESGCM:RSA+AES"
    ":!aNULL:!eNULL:!aDSS:!PSK:!SRP:!AESCCM"
)
"""For TLS 1.2, in the order in which they are preferred. Those with AES in CBC and the exchange of
keys by RSA are old, but browsers open pages of servers that have nothing else."""

LEGACY_SERVER_CONNECT = 0x4
"""`ssl.OP_LEGACY_SERVER_CONNECT`, which has a name from Python 3.12 on: also talk to servers that
lack secure renegotiation (RFC 5746), as browsers do."""

VERIFY_FLAGS = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
"""The same on every version of Python: from 3.13 on its own are stricter than any browser's."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is asked of a server's certificate, and what is shown to the server."""

    verify: bool = True
    offers: tuple[str, ...] = ()
    """The protocols that are to be spoken over the connection (ALPN); empty: nothing is said."""
    checks_name: bool = True
    """Whether OpenSSL compares the name; where not, we do (`certificates.is_for`)."""
    authorities: str = ""
    """PEM of the only authorities that count; empty: the system's, and Mozilla's besides."""
    identity: str = ""
    """PEM of a certificate of our own and its key, for servers that want one."""
    passphrase: str = ""
    """Of that key, where it is encrypted."""

    def showing(self, identity: SecretStr | None, passphrase: SecretStr | None) -> "Trust":
        """The same with a certificate of our own."""
        pair = [each.get_secret_value() if each else "" for each in (identity, passphrase)]
        return replace(self, identity=pair[0], passphrase=pair[1])


@lru_cache(maxsize=512)
def context_for(trust: Trust) -> ssl.SSLContext:
    """The process's context for this ``trust``.

    Loading the authorities takes milliseconds, so that this is made once and never per check.

    Raises:
        ValueError: authorities or identity cannot be read; the text says which.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(OFFERED)
    context.options |= LEGACY_SERVER_CONNECT
    context.hostname_checks_common_name = False
    context.check_hostname = trust.verify and trust.checks_name
    context.verify_mode = ssl.CERT_REQUIRED if trust.verify else ssl.CERT_NONE
    context.verify_flags = VERIFY_FLAGS
    if trust.offers:
        context.set_alpn_protocols(list(trust.offers))
    if trust.authorities:
        _load_authorities(context, trust.authorities)
    else:
        context.load_default_certs()
        context.load_verify_locations(certifi.where())
    if trust.identity:
        _load_identity(context, trust)
    return context


def tls_context(verify: bool, *, http: bool = True) -> ssl.SSLContext:
    """`context_for` the usual; with ``http`` false, nothing is said about what will be spoken."""
    return context_for(Trust(verify, ("http/1.1",) if http else ()))


def _load_authorities(context: ssl.SSLContext, pem: str) -> None:
    try:
        context.load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise ValueError("must be certificates of authorities (PEM)") from None
    # An intermediate may be named as well as a root.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN


def _load_identity(context: ssl.SSLContext, trust: Trust) -> None:
    with tempfile.NamedTemporaryFile(prefix="beaconry-", suffix=".pem") as file:
        file.write(trust.identity.encode())  # OpenSSL reads it from files only; this one is ours
        file.flush()
        try:
            context.load_cert_chain(file.name, password=lambda: trust.passphrase)
        except (ssl.SSLError, OSError, ValueError):
            wrong = "or its passphrase is wrong" if trust.passphrase else "without a passphrase"
            raise ValueError(
                f"must be a certificate and its private key (PEM) that fit each other, {wrong}"
            ) from None
