"""The `tls` probe, where the server staples an answer of OCSP to its certificate."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID
from OpenSSL import SSL

from tests.probes.test_tls import probe
from webmon.clock import utcnow
from webmon.domain.checks.status import Status

HOUR = timedelta(hours=1)
RESPONDER = x509.AccessDescription(
    AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example/")
)
REVOKED = (
    "certificate was revoked on {} (key compromise), says the OCSP answer that the server sends"
)


class Stapled:
    """A certificate for ``localhost`` that names a responder, and what it answers."""

    def __init__(self, authority: trustme.CA, *, names_responder: bool = True) -> None:
        self._issuer = x509.load_pem_x509_certificate(authority.cert_pem.bytes())
        self._signer: Any = load_pem_private_key(authority.private_key_pem.bytes(), None)
        self.key = ec.generate_private_key(ec.SECP256R1())
        builder = x509.CertificateBuilder(
            self._issuer.subject,
            x509.Name([]),
            self.key.public_key(),
            x509.random_serial_number(),
            utcnow() - HOUR,
            utcnow() + 90 * 24 * HOUR,
        ).add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=True)
        if names_responder:
            builder = builder.add_extension(x509.AuthorityInformationAccess([RESPONDER]), False)
        self.certificate = builder.sign(self._signer, hashes.SHA256())

    def answer(self, status: str, *, age: timedelta = timedelta()) -> bytes:
        is_revoked = status == "REVOKED"
        made = utcnow() - age
        return (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=self.certificate,
                issuer=self._issuer,
                algorithm=hashes.SHA1(),
                cert_status=ocsp.OCSPCertStatus[status],
                this_update=made,
                next_update=made + 24 * HOUR,
                revocation_time=utcnow() - HOUR if is_revoked else None,
                revocation_reason=x509.ReasonFlags.key_compromise if is_revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, self._issuer)
            .sign(self._signer, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )


@contextmanager
def stapling(stapled: Stapled, answer: bytes) -> Iterator[tuple[int, list[None]]]:
    """The port of a server, and a list with an entry for each connection."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate(stapled.certificate)
    context.use_privatekey(stapled.key)
    context.set_ocsp_server_callback(lambda _connection, _data: answer)
    taken: list[None] = []

    def serve() -> None:
        while True:
            try:
                accepted, _ = listening.accept()
            except OSError:
                return
            taken.append(None)
            accepted.settimeout(None)
            session = SSL.Connection(context, accepted)
            session.set_accept_state()
            with contextlib.suppress(SSL.Error):
                session.do_handshake()
                session.recv(100)
            accepted.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], taken
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


async def test_a_revoked_certificate_is_down(trusted_authority: trustme.CA) -> None:
    stapled = Stapled(trusted_authority)
    with stapling(stapled, stapled.answer("REVOKED")) as (port, _):
        outcome = await probe(port)
    at = utcnow() - HOUR
    assert (outcome.status, outcome.message) == (
        Status.DOWN,
        REVOKED.format(f"{at.day} {at:%B %Y}"),
    )
    assert outcome.evidence["ocsp"] == "revoked"
    assert outcome.evidence["days_left"] == 89


async def test_what_is_stapled_besides(trusted_authority: trustme.CA) -> None:
    """An answer that is good, about another certificate, no longer true, or none at all."""
    stapled, other = Stapled(trusted_authority), Stapled(trusted_authority)
    for answer, said in (
        (stapled.answer("GOOD"), "good"),
        (stapled.answer("REVOKED", age=48 * HOUR), "revoked"),
        (other.answer("REVOKED"), None),
        (b"nonsense", None),
        (b"", None),
    ):
        with stapling(stapled, answer) as (port, taken):
            outcome = await probe(port)
        assert outcome.status is Status.UP, outcome.message
        assert outcome.evidence.get("ocsp") == said
        assert len(taken) == 2


async def test_who_names_no_responder_is_not_asked(trusted_authority: trustme.CA) -> None:
    stapled = Stapled(trusted_authority, names_responder=False)
    with stapling(stapled, stapled.answer("REVOKED")) as (port, taken):
        outcome = await probe(port)
        await asyncio.sleep(0)
    assert outcome.status is Status.UP
    assert len(taken) == 1
