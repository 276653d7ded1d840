//! A login at a [`Provider`].

use integration_core::{Error, Result, SecretString};
use integration_jwt::{Binding, Claims, Refusal};
use serde_json::Value;
use url::Url;

use super::{
    refusal::LoginRefusal,
    remote::{Ask, Asking, Code, Remote, Server},
};
use crate::{
    authorize::AuthorizeRequest,
    dpop,
    grants::{CodeExchange, DeviceLogin},
    preset::Preset,
    provider::Provider,
    scopes::Scopes,
    tokens::TokenSet,
};

impl Remote for Provider {
    fn preset(&self) -> &Preset {
        self.preset_data()
    }

    fn client_id(&self) -> &str {
        Self::client_id(self)
    }

    fn redirect_uri(&self) -> Option<&str> {
        Self::redirect_uri(self)
    }

    fn server(&self) -> Asking<'_, Server> {
        Box::pin(async {
            let known = self.metadata().await?;
            Ok(Server {
                issuer: known.issuer.clone(),
                sends_issuer: known.sends_iss,
                end_session: known.end_session.clone(),
            })
        })
    }

    fn new_dpop_key(&self) -> Result<Option<SecretString>> {
        let key = Self::new_dpop_key(self)?;
        Ok(key.map(|key| key.jwk))
    }

    fn authorize_url<'a>(&'a self, ask: &'a Ask<'_>) -> Asking<'a, Url> {
        Box::pin(async move {
            let mut request = AuthorizeRequest::new(ask.state.as_str());
            request.nonce = ask.nonce.map(|nonce| nonce.to_string());
            request.challenge = ask.challenge.clone();
            request.scopes = ask.scopes.clone();
            request.redirect_uri = Some(ask.redirect_uri.to_owned());
            request.params = ask.params.clone();
            if let Some(age) = ask.max_age {
                request = request.with_param("max_age", age.as_secs().to_string());
            }
            if let Some(jwk) = ask.dpop_key {
                request.dpop_jkt = dpop::read_key(jwk)?.thumbprint();
            }
            Self::authorize_url(self, &request).await
        })
    }

    fn device(&self, scopes: Scopes) -> Asking<'_, DeviceLogin> {
        Box::pin(Self::device(self, scopes))
    }

    fn exchange<'a>(&'a self, code: &'a Code<'_>) -> Asking<'a, TokenSet> {
        Box::pin(async move {
            let mut exchange = CodeExchange::new(code.code).with_redirect_uri(code.redirect_uri);
            exchange.verifier = code.verifier.map(SecretString::from);
            exchange.dpop_key = code.dpop_key.clone();
            self.exchange_code(&exchange).await
        })
    }

    fn check_id_token<'a>(&'a self, token: &'a str, binding: &'a Binding) -> Asking<'a, Claims> {
        Box::pin(async move {
            let validator = self.id_tokens().await?;
            let checked = validator.check_bound(token, binding).await;
            checked.map_err(|refusal| match refusal {
                Refusal::Token(_) => Error::from(LoginRefusal::BadIdToken).with_source(refusal),
                refusal => refusal.into(),
            })
        })
    }

    fn userinfo<'a>(&'a self, tokens: &'a TokenSet) -> Asking<'a, Option<Value>> {
        Box::pin(async move {
            if self.metadata().await?.userinfo.is_none() {
                return Ok(None);
            }
            let said = Self::userinfo(self, tokens).await?;
            Ok(Some(Value::Object(said)))
        })
    }
}
