"""An authorization server made of Authlib and Flask, on the loopback at $PORT. Everybody is bob.

Codes with S256, refresh tokens that rotate, client credentials, assertions of the client robot, which
are judged with $ROBOT_KEY (a public JWK), revocation, introspection.
"""

import json
import os
import secrets
import time
from urllib.parse import urlencode

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

from authlib.integrations.flask_oauth2 import AuthorizationServer  # noqa: E402
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, TokenMixin, grants  # noqa: E402
from authlib.oauth2.rfc7009 import RevocationEndpoint  # noqa: E402
from authlib.oauth2.rfc7523 import JWTBearerGrant  # noqa: E402
from authlib.oauth2.rfc7636 import CodeChallenge  # noqa: E402
from authlib.oauth2.rfc7662 import IntrospectionEndpoint  # noqa: E402
from flask import Flask, jsonify, request  # noqa: E402
from joserfc.jwk import import_key  # noqa: E402

ISSUER = f"http://127.0.0.1:{os.environ['PORT']}"


class Client(ClientMixin):
    def __init__(self, client_id, secret, method, grant_types):
        self.client_id, self.secret, self.method, self.grant_types = client_id, secret, method, grant_types

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope or ""

    def check_redirect_uri(self, uri):
        return uri == "http://127.0.0.1:9/callback"

    def check_client_secret(self, secret):
        return secrets.compare_digest(self.secret, secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.method

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type in self.grant_types


LOGIN = ["authorization_code", "refresh_token"]
CLIENTS = {
    "web": Client("web", "web-secret", "client_secret_basic", LOGIN),
    "robot": Client("robot", "", "none", [JWTBearerGrant.GRANT_TYPE]),
    "svc": Client("svc", "svc-secret", "client_secret_post", ["client_credentials"]),
}


class Token(dict, TokenMixin):
    def check_client(self, client):
        return self["client_id"] == client.client_id

    def get_scope(self):
        return self.get("scope", "")

    def get_expires_in(self):
        return self["expires_in"]

    def is_expired(self):
        return self["at"] + self["expires_in"] < time.time()

    def is_revoked(self):
        return self.get("revoked", False)

    def get_user(self):
        return self.get("user")

    def get_client(self):
        return CLIENTS[self["client_id"]]


class Code(AuthorizationCodeMixin):
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope


TOKENS, CODES = [], {}


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def save_authorization_code(self, code, request):
        data = request.payload.data
        CODES[code] = Code(
            code=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.payload.scope,
            user="bob",
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code, client):
        found = CODES.get(code)
        return found if found and found.client_id == client.client_id else None

    def delete_authorization_code(self, code):
        CODES.pop(code.code, None)

    def authenticate_user(self, code):
        return code.user


class RefreshGrant(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic"]

    def authenticate_refresh_token(self, refresh_token):
        live = (t for t in TOKENS if t.get("refresh_token") == refresh_token and not t.is_revoked())
        return next(live, None)

    def authenticate_user(self, token):
        return token.get_user()

    def revoke_old_credential(self, token):
        token["revoked"] = True


class OwnGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_post"]


class AssertionGrant(JWTBearerGrant):
    def resolve_issuer_client(self, issuer):
        return CLIENTS.get(issuer)

    def resolve_client_public_key(self, client):
        return import_key(json.loads(os.environ["ROBOT_KEY"]))

    def authenticate_user(self, subject):
        return subject if subject == "bob" else None

    def get_audiences(self):
        return [ISSUER + "/token"]

    def has_granted_permission(self, client, user):
        return True


def find(token):
    return next((t for t in TOKENS if token in (t["access_token"], t.get("refresh_token"))), None)


class Revocation(RevocationEndpoint):
    def query_token(self, token, hint):
        return find(token)

    def revoke_token(self, token, request):
        token["revoked"] = True


class Introspection(IntrospectionEndpoint):
    def check_permission(self, token, client, request):
        return True

    def query_token(self, token, hint):
        return find(token)

    def introspect_token(self, token):
        return {
            "active": not token.is_revoked(),
            "client_id": token["client_id"],
            "scope": token.get_scope(),
            "sub": token.get("user"),
        }


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True


def keep(token, request):
    held = Token(token, client_id=request.client.client_id, user=request.user, at=time.time())
    TOKENS.append(held)


server = AuthorizationServer(app, query_client=CLIENTS.get, save_token=keep)
server.register_grant(CodeGrant, [CodeChallenge(required=True)])
server.register_grant(RefreshGrant)
server.register_grant(OwnGrant)
server.register_grant(AssertionGrant)
server.register_endpoint(Revocation)
server.register_endpoint(Introspection)


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    return jsonify(
        issuer=ISSUER,
        authorization_endpoint=ISSUER + "/authorize",
        token_endpoint=ISSUER + "/token",
        revocation_endpoint=ISSUER + "/revoke",
        introspection_endpoint=ISSUER + "/introspect",
        code_challenge_methods_supported=["S256"],
        response_types_supported=["code"],
    )


@app.get("/authorize")
def authorize():
    grant = server.get_consent_grant(end_user="bob")
    return server.create_authorization_response(grant=grant, grant_user="bob")


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/revoke")
def revoke():
    return server.create_endpoint_response("revocation")


@app.post("/introspect")
def introspect():
    return server.create_endpoint_response("introspection")


@app.after_request
def record(answer):
    """Writes down what was sent and answered, where a test looks for secrets in its own logs."""
    folder = os.environ.get("INTEGRATION_LEAKS")
    if folder:
        line = {
            "target": request.full_path,
            "sent": {"headers": list(request.headers), "body": urlencode(list(request.form.items()))},
            "answered": {"headers": list(answer.headers), "body": answer.get_data(as_text=True)},
        }
        with open(os.path.join(folder, f"wire-{os.getpid()}"), "a") as file:
            file.write(json.dumps(line) + "\n")
    return answer


app.run("127.0.0.1", int(os.environ["PORT"]))
