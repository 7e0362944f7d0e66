"""An identity provider (OpenID Connect) on loopback that signs real tokens, and lies on demand."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class IdentityProvider:
    """Signs in the person it is given. ``claims`` and ``sign_with`` change what its tokens say."""

    def __init__(self, client_id: str = "beaconry", secret: str = "hidden") -> None:
        self.client_id, self.secret = client_id, secret
        self.key = KEY
        self.sign_with: tuple[Any, str] = (self.key, "RS256")
        self.claims: dict[str, Any] = {}
        self.person = {
            "sub": "17",
            "email": "Ida@Example.org",
            "email_verified": True,
            "name": "Ida",
            "groups": ["tools"],
        }
        self._codes: dict[str, dict[str, str]] = {}
        self.exchanges = 0

    def code_for(self, address: str) -> tuple[str, str]:
        """The person agrees on the page at ``address``: the code and the state that come back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == self.client_id
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        return code, asked["state"]

    def __enter__(self) -> Self:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None: ...

            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    self._say(200, provider.description())
                else:
                    self._say(200, {"keys": [provider.key.as_dict(private=False)]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                self._say(*provider.exchange(form))

            def _say(self, status: int, what: Any) -> None:
                body = json.dumps(what).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def description(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.exchanges += 1
        asked = self._codes.pop(form.get("code", ""), None)
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"]} | self.person | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        key, algorithm = self.sign_with
        header = {"alg": algorithm, "kid": "one"}
        token = jwt.encode(header, claims, key, algorithms=[algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}
