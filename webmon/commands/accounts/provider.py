"""Sign-in by an identity provider (OpenID Connect): code flow with PKCE.

The one outgoing traffic of the web process: the person waits for it. authlib builds and sends the
requests, joserfc reads the token; both are loaded when somebody first signs in so.
"""

import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlmodel import Session, col, select

from webmon import config, db
from webmon.commands.accounts.admins import lock_admins, require_an_admin
from webmon.commands.accounts.attempts import use_once
from webmon.commands.accounts.logins import Login, enter
from webmon.commands.accounts.pending import seal_for, unseal_for
from webmon.commands.accounts.users import UserFields, add_from_provider, give_role
from webmon.domain.accounts.groups import Grant, granted, read_grant
from webmon.errors import Invalid, NotFound, WebmonError
from webmon.models import LoginSession, User
from webmon.queries import outside_apps
from webmon.queries.outside_apps import Provider
from webmon.queries.second_factors import has_factor, provider_factor_counts

log = logging.getLogger(__name__)

CALLBACK = "/auth/oidc/callback"
SCOPE = "openid email profile groups"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""All by a key that only the provider has; ``none`` and shared secrets are not among them."""
PATIENCE_SECONDS = 5.0
LEEWAY_SECONDS = 30
LARGEST_TOKEN = 50_000
NO_GROUP = "none of your groups may sign in here"


class ProviderError(WebmonError):
    """The provider did not vouch for anybody. The text is for the log, and holds no secret."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser is sent, and the sealed cookie that it brings back."""

    address: str
    cookie: str


def depart(wanted: str, *, again: str = "", now: datetime) -> Departure:
    """Begin a sign-in; ``wanted`` is where it leads afterwards. ``again`` is the hash of the token
    of a session whose person is to prove once more who they are: the provider has to ask them.

    Raises:
        ProviderError: the provider cannot be asked.
    """
    kept = {
        "state": secrets.token_urlsafe(24),
        "nonce": secrets.token_urlsafe(24),
        "verifier": secrets.token_urlsafe(48),
        "next": wanted,
        "again": again,
        "left": int(now.timestamp()),
    }
    ask_them = {"prompt": "login", "max_age": "0"} if again else {}
    provider = _provider()
    metadata = _metadata(provider)
    with _client(provider) as client:
        address, _ = client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=kept["state"],
            nonce=kept["nonce"],
            code_verifier=kept["verifier"],
            **ask_them,
        )
    return Departure(str(address), seal_for("provider", 0, json.dumps(kept), now=now))


def arrive(
    cookie: str | None,
    code: str,
    state: str,
    issuer: str,
    *,
    address: str,
    browser: str,
    now: datetime,
) -> tuple[Login | None, str]:
    """End a sign-in: the session (None where one was only confirmed), and where it leads.

    1. The cookie is one of ours, young, for this state, and was not used before.
    2. The provider gives a token for the code and our verifier.
    3. The token is signed by the provider, for us, now, with our nonce.
    4. The person's groups give a role.
    5. Who has a second factor here, or needs one, does the second step, as after a password;
       unless that of the provider counts.

    Raises:
        ProviderError: one of that is not so.
        Invalid, NotFound: the person may not sign in here.
    """
    try:
        kept = json.loads(unseal_for("provider", cookie, now=now)[1])
    except NotFound:
        raise ProviderError("the sign-in was not begun in this browser, or long ago") from None
    if not hmac.compare_digest(state.encode(), kept["state"].encode()):
        raise ProviderError("the state is another one")
    provider = _provider()
    if issuer and issuer != provider.issuer:
        raise ProviderError("the answer is of another issuer")
    _use_up(kept["state"], now=now)
    claims = _claims(provider, code, kept)
    with db.write() as session:
        if kept["again"]:
            _confirm(session, claims, kept, now=now)
            return None, kept["next"]
        user = _person(session, provider, claims, now=now)
        login = enter(session, user.id, address=address, browser=browser, by_provider=True, now=now)
    return login, kept["next"]


def _confirm(
    session: Session, claims: Mapping[str, Any], kept: Mapping[str, Any], *, now: datetime
) -> None:
    """Note that the person of a session has proved again who they are, since they left."""
    asked_at = claims.get("auth_time")
    if type(asked_at) is not int or asked_at < kept["left"] - LEEWAY_SECONDS:
        raise ProviderError("the provider has not asked the person again")
    found = session.exec(
        select(LoginSession)
        .join(User)
        .where(
            LoginSession.token_hash == kept["again"],
            LoginSession.expires_at > now,
            User.provider_subject == _subject(claims),
            col(User.disabled_at).is_(None),
        )
    ).first()
    if found is None:
        raise ProviderError("another person has answered")
    if has_factor(session, found.user_id) and not provider_factor_counts(session):
        raise ProviderError("the person has a second factor here, which is asked for")
    found.confirmed_at = now


def _subject(claims: Mapping[str, Any]) -> str:
    return sha256(f"{claims['iss']} {claims['sub']}".encode()).hexdigest()


def _use_up(state: str, *, now: datetime) -> None:
    """Committed before the provider is asked: of two at once, in any process, one gets on."""
    with db.write() as session:
        if not use_once(session, f"state {sha256(state.encode()).hexdigest()}", now=now):
            raise ProviderError("the answer was used already")


def _claims(provider: Provider, code: str, kept: Mapping[str, str]) -> dict[str, Any]:
    """What the provider says of the person, verified."""
    from authlib.common.errors import AuthlibBaseError
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from requests import RequestException

    metadata = _metadata(provider)
    try:
        with _client(provider) as client:
            answer = client.fetch_token(
                metadata["token_endpoint"],
                code=code,
                code_verifier=kept["verifier"],
                timeout=PATIENCE_SECONDS,
            )
        raw = str(answer.get("id_token", ""))
        if not 0 < len(raw) <= LARGEST_TOKEN:
            raise ProviderError("the provider sent no token")
        keys = KeySet.import_key_set(_get(metadata["jwks_uri"]))
        token = jwt.decode(raw, keys, algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": kept["nonce"]},
        ).validate(token.claims)
    except (AuthlibBaseError, JoseError, RequestException, ValueError, KeyError) as error:
        raise ProviderError(f"the token was refused: {type(error).__name__}") from None
    claims: dict[str, Any] = token.claims
    parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if len(parties) > 1 and claims.get("azp") != provider.client_id:
        raise ProviderError("the token is for another party as well")
    return claims


def _person(
    session: Session, provider: Provider, claims: Mapping[str, Any], *, now: datetime
) -> User:
    """The account behind the claims, made or brought up to date.

    A local account of the same verified address is the person's too, and keeps its role.
    """
    subject = _subject(claims)
    admins = lock_admins(session, None)
    known = session.exec(
        select(User).where(User.provider_subject == subject).with_for_update()
    ).first()
    email, is_verified = str(claims.get("email", "")), claims.get("email_verified") is True
    if known is None and is_verified:
        address = email.strip().lower()
        known = session.exec(select(User).where(User.email == address).with_for_update()).first()
        if known is not None and known.provider_subject is not None:
            raise Invalid("another person of the provider has this address")
    if known is not None and known.disabled_at:
        raise NotFound("this account is deactivated")
    if known is not None and known.password_hash:
        known.provider_subject = subject
        return known
    grant = granted(_groups(claims, provider), dict(map(read_grant, provider.groups)))
    if grant is None:
        raise Invalid(NO_GROUP)
    if known is None:
        if not is_verified:
            raise Invalid("the provider has not verified the address")
        known = add_from_provider(session, _fields(email, claims, grant), now=now)
    else:
        give_role(session, known.id, grant.role, grant.namespaces, now=now)
    known.provider_subject, known.invited = subject, False
    require_an_admin(session, admins)
    return known


def _fields(email: str, claims: Mapping[str, Any], grant: Grant) -> UserFields:
    name = "".join(filter(str.isprintable, str(claims.get("name", ""))))[:100].strip()
    limits = list(grant.namespaces) if grant.namespaces is not None else None
    try:
        return UserFields(email=email, name=name, role=grant.role, namespaces=limits)
    except ValueError:
        return UserFields(email=email, role=grant.role, namespaces=limits)


def _groups(claims: Mapping[str, Any], provider: Provider) -> list[str]:
    found = claims.get(provider.groups_claim)
    return [str(each) for each in found] if isinstance(found, list) else []


def _provider() -> Provider:
    """Read once for each step, so that all of a step is about one provider."""
    with db.read() as session:
        return outside_apps.provider(session)


def _client(provider: Provider) -> Any:
    from authlib.integrations.requests_client import OAuth2Session

    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        code_challenge_method="S256",
        redirect_uri=config.settings().public_url + CALLBACK,
        scope=SCOPE,
    )


def _metadata(provider: Provider) -> dict[str, str]:
    issuer = provider.issuer
    found = _get(issuer.rstrip("/") + "/.well-known/openid-configuration")
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != issuer or not all(isinstance(found.get(each), str) for each in names):
        raise ProviderError("the provider's description is of another issuer, or incomplete")
    described: dict[str, str] = found
    return described


def _get(address: str) -> Any:
    """What the provider says at an address of its own, as JSON.

    Raises:
        ProviderError: it does not answer, or with something else.
    """
    import requests

    try:
        answer = requests.get(address, timeout=PATIENCE_SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise ProviderError(f"the provider does not answer: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise ProviderError("the provider answers with something else")
    return found
