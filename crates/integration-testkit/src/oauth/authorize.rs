//! Where the browser goes: every login is approved at once, or denied when the test says so.

use serde_json::json;

use super::{
    answer::{Answer, with_query},
    family::Grant,
    request::{Params, Refusal, Request, Result},
    world::{Code, World},
};

/// Seconds that a code lasts.
const CODE_TTL: u64 = 60;

/// Seconds that a pushed request lasts.
const PAR_TTL: u64 = 90;

impl World {
    pub(super) fn authorize(&mut self, request: &Request) -> Answer {
        let given = match request.query.get("client_id") {
            Some(_) => &request.query,
            None => &request.form,
        };
        let (asked, return_to) = match self.checked(given) {
            Ok(checked) => checked,
            // Nobody may be sent to an address that is not known.
            Err(refusal) => {
                let text = format!("{}: {}", refusal.error, refusal.description);
                return Answer::Page { status: 400, text };
            }
        };
        let mut fields = match self.approve(&asked, &return_to) {
            Ok(code) => vec![("code".to_owned(), code)],
            Err(refusal) => vec![
                ("error".to_owned(), refusal.error),
                ("error_description".to_owned(), refusal.description),
            ],
        };
        if let Some(state) = asked.get("state") {
            fields.push(("state".to_owned(), state.to_owned()));
        }
        if self.settings.sends_iss {
            fields.push(("iss".to_owned(), self.issuer.clone()));
        }
        let fields = Params::from(fields);
        match asked.get("response_mode") {
            Some("form_post") => Answer::FormPost {
                to: return_to,
                fields,
            },
            _ => Answer::Redirect(with_query(&return_to, &fields)),
        }
    }

    /// Finds what is asked for, and that its client may return to where it says.
    fn checked(&mut self, given: &Params) -> Result<(Params, String)> {
        let client = self.client(given.required("client_id")?)?;
        let asked = match given.get("request_uri") {
            Some(uri) => {
                let unknown = || Refusal::request("the pushed request is not known");
                let (pushed, expires_at) = self.pushed.remove(uri).ok_or_else(unknown)?;
                if expires_at <= self.now() || pushed.get("client_id") != Some(&client.id) {
                    return Err(unknown());
                }
                pushed
            }
            None if self.settings.needs_par => {
                return Err(Refusal::request("the request was not pushed"));
            }
            None => given.clone(),
        };
        let return_to = asked.required("redirect_uri")?.to_owned();
        match client.may_return_to(&return_to) {
            true => Ok((asked, return_to)),
            false => Err(Refusal::request("the redirect address is not registered")),
        }
    }

    fn approve(&mut self, asked: &Params, return_to: &str) -> Result<String> {
        if let Some(error) = self.denial.take() {
            return Err(Refusal::new(400, &error, "the user or the server said no"));
        }
        if asked.get("response_type") != Some("code") {
            let text = "only codes are handed out";
            return Err(Refusal::new(400, "unsupported_response_type", text));
        }
        let challenge = asked.get("code_challenge").map(str::to_owned);
        match (&challenge, asked.get("code_challenge_method")) {
            (Some(_), Some("S256")) => {}
            (Some(_), _) => return Err(Refusal::request("the challenge must be S256")),
            (None, _) if self.settings.needs_pkce => {
                return Err(Refusal::request("there is no PKCE challenge"));
            }
            (None, _) => {}
        }
        let subject = asked.get("login_hint").unwrap_or(&self.settings.subject);
        let grant = Grant {
            client: asked.required("client_id")?.to_owned(),
            subject: Some(subject.to_owned()),
            scopes: self.granted(asked.words("scope")),
            audience: asked.get("resource").map(str::to_owned),
            nonce: asked.get("nonce").map(str::to_owned),
            auth_time: self.now(),
            sid: Some(self.fresh("sid")),
        };
        let name = self.fresh("code");
        let code = Code {
            grant,
            redirect_uri: return_to.to_owned(),
            challenge,
            expires_at: self.now() + CODE_TTL,
            family: None,
        };
        self.codes.insert(name.clone(), code);
        Ok(name)
    }

    /// Takes a request that is pushed (RFC 9126).
    pub(super) fn push(&mut self, request: &Request) -> Result<Answer> {
        let client = self.authenticate(request)?;
        let mut fields = request.form.clone().into_pairs();
        fields.retain(|(name, _)| !name.starts_with("client_"));
        fields.push(("client_id".to_owned(), client.id.clone()));
        let asked = Params::from(fields);
        if asked.get("request_uri").is_some() {
            return Err(Refusal::request(
                "a pushed request must not be pushed again",
            ));
        }
        if !client.may_return_to(asked.required("redirect_uri")?) {
            return Err(Refusal::request("the redirect address is not registered"));
        }
        let uri = format!("urn:ietf:params:oauth:request_uri:{}", self.fresh("par"));
        self.pushed
            .insert(uri.clone(), (asked, self.now() + PAR_TTL));
        let body = json!({"request_uri": uri, "expires_in": PAR_TTL});
        Ok(Answer::Json { status: 201, body })
    }
}

impl From<Vec<(String, String)>> for Params {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self::new(pairs)
    }
}
