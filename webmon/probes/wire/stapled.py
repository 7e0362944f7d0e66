"""Whether a server itself says that its certificate was revoked: an OCSP answer (RFC 6066, 8).

Python's ssl cannot ask a server to staple one. pyOpenSSL can, over a second connection of which
only the handshake is made: 1 ms of CPU, and 3 MB for the library. Both are spent only on
certificates that name a responder of OCSP, which ever fewer do.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.x509 import ReasonFlags, ocsp

from webmon.probes.wire.starttls import BEGIN
from webmon.probes.wire.stream import Broken, Stream

if TYPE_CHECKING:
    from OpenSSL import SSL

READ_BYTES = 16 * 1024
MOST_ROUNDS = 100
CLOCK_SKEW = timedelta(minutes=5)


async def stapled_answer(
    stream: Stream, server_name: str, starttls: str | None
) -> ocsp.OCSPResponse | None:
    """What the server of ``stream`` staples to its certificate; None: nothing that can be read.

    Raises:
        Unreachable, Broken: it cannot be asked.
    """
    certificate, endpoint = stream.certificate, stream.endpoint
    assert certificate is not None and endpoint is not None
    with Stream() as second:
        await second.connect(endpoint.ip, endpoint.port)
        if starttls:
            await BEGIN[starttls](second)
        session, heard = _session(server_name)
        await _shake_hands(second, session)
        shown = session.get_peer_certificate(as_cryptography=True)
    if shown is None or not heard or shown.serial_number != int(certificate.serial, 16):
        return None
    return _read(heard[-1], shown.serial_number)


def _session(server_name: str) -> tuple["SSL.Connection", list[bytes]]:
    """A client in memory, and a list to which what is stapled will be added."""
    from OpenSSL import SSL  # 3 MB, where no certificate names a responder

    heard: list[bytes] = []

    def hear(_connection: SSL.Connection, answer: bytes, _data: object) -> bool:
        heard.append(answer)
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_ocsp_client_callback(hear)
    session = SSL.Connection(context, None)
    session.set_tlsext_host_name(server_name.encode())
    session.request_ocsp()
    session.set_connect_state()
    return session, heard


async def _shake_hands(stream: Stream, session: "SSL.Connection") -> None:
    from OpenSSL import SSL

    for _ in range(MOST_ROUNDS):
        try:
            session.do_handshake()
        except SSL.WantReadError:
            await stream.send(session.bio_read(READ_BYTES))
        except SSL.Error:
            return  # what was heard so far counts
        else:
            return
        data = await stream.read_some()
        if not data:
            raise Broken("connection closed in the TLS handshake")
        session.bio_write(data)


def _read(answer: bytes, serial: int) -> ocsp.OCSPResponse | None:
    try:
        read = ocsp.load_der_ocsp_response(answer)
        is_known = read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
        return read if is_known and read.serial_number == serial else None
    except ValueError:
        return None


def revocation(answer: ocsp.OCSPResponse, now: datetime) -> str | None:
    """Since when, and why, the certificate counts for nothing; None: it counts, or it is open."""
    ends = answer.next_update_utc
    is_present = answer.this_update_utc <= now + CLOCK_SKEW and (ends is None or ends > now)
    if not is_present or answer.certificate_status is not ocsp.OCSPCertStatus.REVOKED:
        return None
    at, why = answer.revocation_time_utc, answer.revocation_reason
    since = f" on {at.day} {at:%B %Y}" if at else ""
    reason = f" ({_words(why)})" if why and why is not ReasonFlags.unspecified else ""
    return f"certificate was revoked{since}{reason}, says the OCSP answer that the server sends"


def _words(reason: ReasonFlags) -> str:
    """``keyCompromise`` as ``key compromise``."""
    return "".join(f" {each.lower()}" if each.isupper() else each for each in reason.value)
