//! What the server says about itself, about tokens, and about who holds them.

use serde_json::{Value, json};

use super::{
    answer::Answer,
    request::{Refusal, Request, Result},
    world::{Access, World},
};

impl World {
    pub(super) fn metadata(&self) -> Value {
        let settings = &self.settings;
        let alg = self.keys.last().map(super::keys::SigningKey::alg);
        let methods = [
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
        ];
        json!({
            "issuer": self.issuer,
            "authorization_endpoint": self.url("/authorize"),
            "token_endpoint": self.url("/token"),
            "userinfo_endpoint": self.url("/userinfo"),
            "jwks_uri": self.url("/jwks"),
            "registration_endpoint": self.url("/register"),
            "introspection_endpoint": self.url("/introspect"),
            "revocation_endpoint": self.url("/revoke"),
            "device_authorization_endpoint": self.url("/device_authorization"),
            "pushed_authorization_request_endpoint": self.url("/par"),
            "require_pushed_authorization_requests": settings.needs_par,
            "end_session_endpoint": self.url("/end_session"),
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "authorization_response_iss_parameter_supported": settings.sends_iss,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "client_credentials",
                "urn:ietf:params:oauth:grant-type:device_code",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [alg],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA", "HS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
        })
    }

    /// An access token that works now.
    pub(super) fn live(&self, token: &str) -> Option<&Access> {
        let access = self.access.get(token)?;
        let is_revoked = access.is_revoked
            || access
                .family
                .is_some_and(|family| self.families.is_revoked(family));
        (!is_revoked && self.now() < access.expires_at).then_some(access)
    }

    /// RFC 7662.
    pub(super) fn introspect(&mut self, request: &Request) -> Result<Value> {
        self.authenticate(request)?;
        let token = request.form.required("token")?;
        if let Some(access) = self.live(token) {
            let grant = &access.grant;
            return Ok(json!({
                "active": true,
                "iss": self.issuer,
                "client_id": grant.client,
                "sub": grant.subject.as_ref().unwrap_or(&grant.client),
                "scope": grant.scopes.join(" "),
                "token_type": "Bearer",
                "exp": access.expires_at,
            }));
        }
        Ok(match self.families.of_live(token) {
            Some(family) => json!({
                "active": true,
                "client_id": family.grant.client,
                "sub": family.grant.subject,
                "scope": family.grant.scopes.join(" "),
            }),
            None => json!({"active": false}),
        })
    }

    /// RFC 7009: whoever revokes what is not there has reached the aim.
    pub(super) fn revoke(&mut self, request: &Request) -> Result<Answer> {
        let client = self.authenticate(request)?;
        let token = request.form.required("token")?;
        if let Some(access) = self.access.get_mut(token) {
            access.is_revoked |= access.grant.client == client.id;
        }
        let family = self.families.of(token);
        let held = family.and_then(|at| self.families.get(at));
        if held.is_some_and(|family| family.grant.client == client.id)
            && let Some(family) = family
        {
            self.families.revoke(family);
        }
        Ok(Answer::Empty)
    }

    fn bearer(&self, request: &Request) -> Result<&Access> {
        let token = request.bearer();
        let token = token.ok_or_else(|| Refusal::token("there is no bearer token"))?;
        let live = self.live(token);
        live.ok_or_else(|| Refusal::token("the token does not work, or no longer"))
    }

    pub(super) fn userinfo(&self, request: &Request) -> Result<Value> {
        let grant = &self.bearer(request)?.grant;
        let subject = grant.subject.as_ref();
        let subject = subject.ok_or_else(|| Refusal::token("nobody logged in"))?;
        Ok(json!({
            "sub": subject,
            "name": format!("The user {subject}"),
            "email": format!("{subject}@example.test"),
            "email_verified": true,
        }))
    }

    /// An API that wants a token.
    pub(super) fn resource(&self, request: &Request) -> Result<Value> {
        let grant = &self.bearer(request)?.grant;
        Ok(json!({"subject": grant.subject, "scope": grant.scopes.join(" ")}))
    }
}
