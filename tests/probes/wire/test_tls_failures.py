"""Why there is no TLS, in words of our own."""

import ssl
from dataclasses import replace

import pytest
import trustme

from webmon.clock import utcnow
from webmon.probes.wire.certificates import read_certificate
from webmon.probes.wire.tls_contexts import Trust, context_for
from webmon.probes.wire.tls_failures import handshake_failure, verification_failure


def failed(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("reason", "facts", "said"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", {}, "no cipher in common with the server"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", {"answered": True}, "the server broke it off"),
        ("TLSV1_UNRECOGNIZED_NAME", {}, "the server knows no site of this name"),
        (
            "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
            {},
            "the server speaks no HTTP/1.1 over TLS (ALPN)",
        ),
        ("TLSV1_ALERT_SOMETHING_NEW", {}, "alert something new"),
    ],
)
def test_alerts_are_told_in_words(reason: str, facts: dict[str, bool], said: str) -> None:
    assert handshake_failure(failed(reason), "x", **facts) == f"TLS handshake failed: {said}"


@pytest.mark.parametrize("code", [2, 20, 21, 19])
def test_a_missing_intermediate_is_told_from_an_unknown_authority(code: int) -> None:
    leaf = read_certificate(
        ssl.PEM_cert_to_DER_cert(
            trustme.CA().issue_cert("x.ex").cert_chain_pems[0].bytes().decode()
        )
    )
    assert leaf is not None
    error = ssl.SSLCertVerificationError(1, "?")
    error.verify_code = code
    tells = replace(leaf, names_issuers_place=True)
    said = verification_failure(error, (tells,), "x.ex", now=utcnow())
    if code == 19:  # the one at the top was sent, and is not known
        assert said == f"certificate is signed by an unknown authority ({leaf.issuer})"
    else:
        assert said == (
            f"the server does not send the intermediate certificate “{leaf.issuer}”, "
            "which leads to a known authority"
        )


def test_one_set_of_flags_on_every_version_of_python() -> None:
    context = context_for(Trust())
    assert context.verify_flags == ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert not context.hostname_checks_common_name
