//! Where codes, refresh tokens and the rest become tokens.

use serde_json::{Value, json};

use super::{
    client::MockClient,
    family::Grant,
    keys,
    request::{Refusal, Request, Result},
    world::{Access, World},
};

/// What a family of refresh tokens names its next one.
fn name_of_refresh(family: usize, generation: u32) -> String {
    format!("refresh-{family}-{generation}-{:016x}", fastrand::u64(..))
}

impl World {
    pub(super) fn exchange(&mut self, request: &Request) -> Result<Value> {
        let grant_type = request.form.required("grant_type")?.to_owned();
        self.count(&grant_type);
        match grant_type.as_str() {
            "authorization_code" => {
                let client = self.authenticate(request)?;
                self.redeem(request, &client)
            }
            "refresh_token" => {
                let client = self.authenticate(request)?;
                self.refresh(request, &client)
            }
            "client_credentials" => {
                let client = self.authenticate(request)?;
                let grant = self.own_grant(&client, request);
                self.tokens(grant, None, None)
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                let client = self.authenticate(request)?;
                let grant = self.poll_device(request, &client)?;
                self.begin(grant)
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                let assertion = request.form.required("assertion")?;
                let claims = self.assertion(assertion).map_err(Refusal::grant)?;
                let grant = Grant {
                    client: text(&claims["iss"]),
                    subject: Some(text(&claims["sub"])),
                    scopes: match claims["scope"].as_str() {
                        Some(scope) => scope.split_whitespace().map(str::to_owned).collect(),
                        None => request.form.words("scope"),
                    },
                    auth_time: self.now(),
                    ..Grant::default()
                };
                self.tokens(grant, None, None)
            }
            "urn:ietf:params:oauth:grant-type:token-exchange" => {
                let client = self.authenticate(request)?;
                self.trade(request, &client)
            }
            _ => Err(Refusal::new(
                400,
                "unsupported_grant_type",
                "nobody knows this grant",
            )),
        }
    }

    /// Exchanges a code, once (RFC 6749, 4.1.3).
    fn redeem(&mut self, request: &Request, client: &MockClient) -> Result<Value> {
        let name = request.form.required("code")?;
        let now = self.now();
        let code = self.codes.get(name);
        let code = code.ok_or_else(|| Refusal::grant("nobody knows this code"))?;
        if code.grant.client != client.id {
            return Err(Refusal::grant("the code belongs to another client"));
        }
        if let Some(family) = code.family {
            self.families.revoke(family);
            return Err(Refusal::grant("the code was used before"));
        }
        if code.expires_at <= now {
            return Err(Refusal::grant("the code has expired"));
        }
        if request.form.get("redirect_uri") != Some(&code.redirect_uri) {
            return Err(Refusal::grant("the redirect address is another"));
        }
        let verifier = request.form.get("code_verifier");
        if code.challenge != verifier.map(keys::s256) {
            return Err(Refusal::grant("the PKCE verifier is another"));
        }
        let grant = code.grant.clone();
        let (family, refresh) = self.families.begin(grant.clone(), now, name_of_refresh);
        if let Some(code) = self.codes.get_mut(name) {
            code.family = Some(family);
        }
        self.tokens(grant, Some(family), Some(refresh))
    }

    fn refresh(&mut self, request: &Request, client: &MockClient) -> Result<Value> {
        let token = request.form.required("refresh_token")?;
        let (rules, now) = (self.rules(), self.now());
        let asked = request.form.words("scope");
        let granted = self.families.of(token).and_then(|at| self.families.get(at));
        let is_wider = granted.is_some_and(|family| {
            let held = &family.grant.scopes;
            asked.iter().any(|scope| !held.contains(scope))
        });
        if is_wider {
            let text = "more is asked for than was granted";
            return Err(Refusal::new(400, "invalid_scope", text));
        }
        let spent = self
            .families
            .spend(token, &client.id, now, rules, name_of_refresh);
        let (family, next) = spent?;
        let grant = self.families.get(family).map(|family| family.grant.clone());
        let mut grant = grant.unwrap_or_default();
        // The nonce belongs to the login alone.
        grant.nonce = None;
        if !asked.is_empty() {
            grant.scopes = asked;
        }
        grant.scopes = self.granted(grant.scopes);
        self.tokens(grant, Some(family), next)
    }

    /// Trades a token for another (RFC 8693).
    fn trade(&mut self, request: &Request, client: &MockClient) -> Result<Value> {
        const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
        let form = &request.form;
        if form.required("subject_token_type")? != ACCESS {
            return Err(Refusal::request("only access tokens are traded"));
        }
        let subject = form.required("subject_token")?;
        let live = self.live(subject);
        let held = live.ok_or_else(|| Refusal::request("the subject token does not work"))?;
        let mut grant = Grant {
            client: client.id.clone(),
            nonce: None,
            ..held.grant.clone()
        };
        let asked = form.words("scope");
        if !asked.is_empty() {
            grant.scopes = asked;
        }
        let target = form.get("resource").or(form.get("audience"));
        grant.audience = target.map(str::to_owned).or(grant.audience);
        let mut answer = self.tokens(grant, None, None)?;
        answer["issued_token_type"] = json!(ACCESS);
        Ok(answer)
    }

    fn own_grant(&self, client: &MockClient, request: &Request) -> Grant {
        Grant {
            client: client.id.clone(),
            scopes: self.granted(request.form.words("scope")),
            audience: request.form.get("resource").map(str::to_owned),
            auth_time: self.now(),
            ..Grant::default()
        }
    }

    /// Begins a family of refresh tokens and hands out its first tokens.
    pub(super) fn begin(&mut self, grant: Grant) -> Result<Value> {
        let now = self.now();
        let (family, refresh) = self.families.begin(grant.clone(), now, name_of_refresh);
        self.tokens(grant, Some(family), Some(refresh))
    }

    fn tokens(
        &mut self,
        grant: Grant,
        family: Option<usize>,
        refresh: Option<String>,
    ) -> Result<Value> {
        let ttl = self.settings.access_ttl.as_secs();
        let access = self.access_token(&grant)?;
        let mut answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": ttl,
            "scope": grant.scopes.join(" "),
        });
        if let Some(refresh) = refresh {
            answer["refresh_token"] = json!(refresh);
        }
        if grant.subject.is_some() && grant.scopes.iter().any(|scope| scope == "openid") {
            answer["id_token"] = json!(self.id_token(&grant, &access)?);
        }
        let access_token = Access {
            grant,
            family,
            expires_at: self.now() + ttl,
            is_revoked: false,
        };
        self.access.insert(access, access_token);
        Ok(answer)
    }

    fn access_token(&mut self, grant: &Grant) -> Result<String> {
        let jti = self.fresh("access");
        if self.settings.is_opaque {
            return Ok(jti);
        }
        let audience = grant.audience.as_ref().or(self.settings.audience.as_ref());
        let claims = json!({
            "iss": self.issuer,
            "sub": grant.subject.as_ref().unwrap_or(&grant.client),
            "aud": audience.unwrap_or(&self.issuer),
            "client_id": grant.client,
            "scope": grant.scopes.join(" "),
            "jti": jti,
            "iat": self.now(),
            "exp": self.now() + self.settings.access_ttl.as_secs(),
        });
        Ok(self.sign("at+jwt", &claims)?)
    }

    fn id_token(&self, grant: &Grant, access_token: &str) -> Result<String> {
        let mut claims = json!({
            "iss": self.issuer,
            "sub": grant.subject,
            "aud": grant.client,
            "iat": self.now(),
            "exp": self.now() + 3600,
            "auth_time": grant.auth_time,
            "at_hash": keys::half_hash(access_token),
        });
        for (name, value) in [("nonce", &grant.nonce), ("sid", &grant.sid)] {
            if let Some(value) = value {
                claims[name] = json!(value);
            }
        }
        Ok(self.sign("JWT", &claims)?)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
