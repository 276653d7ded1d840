//! The end of sessions.

use std::io;

use serde_json::{Value, json};

use super::{
    answer::{Answer, with_query},
    keys,
    request::{Params, Refusal, Request, Result},
    world::World,
};

impl World {
    /// OpenID Connect RP-initiated logout.
    pub(super) fn end_session(&mut self, request: &Request) -> Result<Answer> {
        let given = match request.query.get("id_token_hint") {
            Some(_) => &request.query,
            None => &request.form,
        };
        let hint = given.required("id_token_hint")?;
        let jwks: Vec<Value> = self.keys.iter().map(keys::SigningKey::jwk).collect();
        // An ID token that has expired is a hint all the same.
        let claims = keys::verified(hint, &jwks, None);
        let claims = claims.ok_or_else(|| Refusal::request("the hint is not ours"))?;
        if let Some(sid) = claims["sid"].as_str() {
            self.families.revoke_session(sid);
        }
        let Some(return_to) = given.get("post_logout_redirect_uri") else {
            let text = "logged out".to_owned();
            return Ok(Answer::Page { status: 200, text });
        };
        let state = given.get("state");
        let state = state.map(|state| ("state".to_owned(), state.to_owned()));
        Ok(Answer::Redirect(match state {
            Some(state) => with_query(return_to, &Params::new(vec![state])),
            None => return_to.to_owned(),
        }))
    }

    /// OpenID Connect back-channel logout, 2.4.
    pub(super) fn logout_token(
        &mut self,
        client: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> io::Result<String> {
        let mut claims = json!({
            "iss": self.issuer,
            "aud": client,
            "iat": self.now(),
            "exp": self.now() + 120,
            "jti": self.fresh("logout"),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        for (name, value) in [("sub", subject), ("sid", sid)] {
            if let Some(value) = value {
                claims[name] = json!(value);
            }
        }
        self.sign("logout+jwt", &claims)
    }
}
