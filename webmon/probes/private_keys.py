"""Private keys for SSH, as people paste them."""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as keys
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def public_half(key: PrivateKey) -> str:
    """As ``ssh-ed25519 AAAA…``."""
    form = keys.Encoding.OpenSSH, keys.PublicFormat.OpenSSH
    return key.public_key().public_bytes(*form).decode("ascii")


def load_private_key(text: str, passphrase: str | None = None) -> PrivateKey:
    """The key in an OpenSSH or PEM file.

    Raises:
        ValueError: it is not one, or not with this passphrase; the text says what it is instead.
    """
    _refuse_what_is_no_private_key(text)
    load: Any = keys.load_ssh_private_key if "BEGIN OPENSSH" in text else keys.load_pem_private_key
    try:
        key = load(text.encode(), None if not passphrase else passphrase.encode())
    except UnsupportedAlgorithm:
        raise ValueError("is of a kind that is not supported; use ed25519") from None
    except TypeError:
        if not passphrase:
            raise ValueError("is protected by a passphrase: give that too") from None
        try:  # protected by none: one too many does no harm
            key = load(text.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError("cannot be read: is it complete?") from None
    except ValueError:
        if passphrase:
            raise ValueError("cannot be read with this passphrase") from None
        if "ENCRYPTED" in text:
            raise ValueError("is protected by a passphrase: give that too") from None
        raise ValueError("cannot be read: is it complete?") from None
    if not isinstance(key, PrivateKey):
        raise ValueError("is of a kind that is not supported; use ed25519")
    return key


def _refuse_what_is_no_private_key(text: str) -> None:
    if text.startswith("PuTTY-User-Key-File"):
        raise ValueError("is a PuTTY key: export it as an OpenSSH key (puttygen, Conversions)")
    if (
        text.startswith(("ssh-", "ecdsa-", "sk-"))
        or "BEGIN PUBLIC" in text
        or "SSH2 PUBLIC" in text
    ):
        raise ValueError("is the public half; the private one has no .pub at the end of its name")
    if "-----BEGIN " not in text or "PRIVATE KEY-----" not in text:
        raise ValueError("must be the text of a private key, with its BEGIN and END lines")
    if "-----END " not in text:
        raise ValueError("is not complete: its END line is missing")
