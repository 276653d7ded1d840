//! The bodies, one function a sender. Names, people and amounts are invented.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use integration_core::{Result, Rng};
use integration_webhooks::Scheme;
use serde_json::{Value, json};

use super::{
    Sample,
    draw::{hex, iso, pick, token, uuid},
    generic, header, json_headers,
};

/// What a made-up webhook is made of.
pub(super) struct Maker<'a> {
    pub(super) rng: &'a dyn Rng,
    pub(super) now: Duration,
}

impl Maker<'_> {
    pub(super) fn make(&self, scheme: &Scheme, event_type: &str) -> Result<Sample> {
        let (id, headers, body) = match scheme {
            Scheme::Stripe => self.stripe(event_type),
            Scheme::GitHub | Scheme::GitHubSha1 => self.github(event_type)?,
            Scheme::Slack => self.slack(event_type),
            Scheme::Clerk => self.message("Svix-Webhooks/1.0", self.clerk(event_type)),
            Scheme::Svix => self.message("Svix-Webhooks/1.0", self.order(event_type)),
            Scheme::Loops => self.message("Svix-Webhooks/1.0", self.loops(event_type)),
            Scheme::SupabaseAuthHook => self.message("Supabase-Auth", self.auth_hook(event_type)),
            Scheme::Hmac(config) => generic::make(config, event_type, self)?,
            _ => self.message("webhooks/1.0", self.order(event_type)),
        };
        Ok(Sample {
            id,
            event_type: event_type.to_owned(),
            headers,
            body: Bytes::from(body.to_string()),
        })
    }

    pub(super) fn token(&self, prefix: &str, length: usize) -> String {
        format!("{prefix}{}", token(self.rng, length))
    }

    /// An amount of money in minor units, as shops have them.
    fn amount(&self) -> u32 {
        pick(self.rng, &[499, 1_250, 1_900, 4_200, 8_950, 12_900])
    }

    fn name(&self) -> &'static str {
        pick(
            self.rng,
            &["ada", "edsger", "grace", "katherine", "linus", "radia"],
        )
    }

    fn stripe(&self, event_type: &str) -> (String, HeaderMap, Value) {
        let id = self.token("evt_", 24);
        let body = json!({
            "id": id,
            "object": "event",
            "api_version": "2026-01-28.basil",
            "created": self.now.as_secs(),
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": self.token("req_", 14), "idempotency_key": uuid(self.rng) },
            "type": event_type,
            "data": { "object": self.stripe_object(event_type) },
        });
        (id, json_headers("Stripe/1.0 (sample)"), body)
    }

    /// The object an event is about is named by its type, before the last full stop.
    fn stripe_object(&self, event_type: &str) -> Value {
        let (subject, verb) = event_type.rsplit_once('.').unwrap_or((event_type, ""));
        let object = subject.rsplit('.').next().unwrap_or(subject);
        let customer = format!("cus_sample_{}", self.name());
        let amount = self.amount();
        match object {
            "payment_intent" => json!({
                "id": self.token("pi_", 24), "object": object, "amount": amount,
                "currency": "eur", "customer": customer,
                "status": if verb == "succeeded" { "succeeded" } else { "requires_payment_method" },
            }),
            "invoice" => json!({
                "id": self.token("in_", 24), "object": object, "amount_due": amount,
                "amount_paid": if verb == "paid" { amount } else { 0 },
                "currency": "eur", "customer": customer,
                "status": if verb == "paid" { "paid" } else { "open" },
            }),
            "customer" => json!({
                "id": customer, "object": object, "email": format!("{}@example.com", self.name()),
            }),
            _ => json!({ "id": self.token("obj_", 24), "object": object, "customer": customer }),
        }
    }

    /// `pull_request.opened` is the event `pull_request` with the action `opened`.
    fn github(&self, event_type: &str) -> Result<(String, HeaderMap, Value)> {
        let (event, action) = match event_type.split_once('.') {
            Some((event, action)) => (event, Some(action)),
            None => (event_type, None),
        };
        let mut body = self.github_event(event);
        body["repository"] = json!({
            "id": 4_201, "name": "lighthouse", "full_name": "example/lighthouse", "private": false,
            "owner": { "login": "example", "id": 42 },
        });
        body["sender"] = json!({ "login": self.name(), "type": "User" });
        if let Some(action) = action {
            body["action"] = json!(action);
        }
        let mut headers = json_headers("GitHub-Hookshot/sample");
        headers.extend([header("x-github-event", event)?]);
        headers.extend([header("x-github-hook-id", "420042")?]);
        Ok((uuid(self.rng), headers, body))
    }

    fn github_event(&self, event: &str) -> Value {
        let number = self.amount();
        let (at, commit) = (iso(self.now), hex(self.rng, 40));
        match event {
            "push" => json!({
                "ref": "refs/heads/main", "before": hex(self.rng, 40), "after": commit,
                "pusher": { "name": self.name() },
                "commits": [{ "id": commit, "message": "Trim the lamp", "timestamp": at,
                    "modified": ["src/lamp.rs"] }],
            }),
            "pull_request" => json!({
                "number": number,
                "pull_request": { "number": number, "title": "Trim the lamp", "state": "open",
                    "created_at": at, "head": { "ref": "lamp", "sha": commit },
                    "base": { "ref": "main" } },
            }),
            "issues" => json!({
                "issue": { "number": number, "title": "The lamp flickers", "state": "open",
                    "created_at": at },
            }),
            "ping" => json!({ "zen": "A light that is seen is enough.", "hook_id": 420_042 }),
            _ => json!({ "id": commit, "created_at": at }),
        }
    }

    /// `url_verification` is Slack's handshake; everything else arrives inside an `event_callback`.
    fn slack(&self, event_type: &str) -> (String, HeaderMap, Value) {
        let id = self.token("Ev", 10);
        let headers = json_headers("Slackbot 1.0 (sample)");
        if event_type == "url_verification" {
            let challenge = token(self.rng, 52);
            return (
                id,
                headers,
                json!({ "type": event_type, "challenge": challenge }),
            );
        }
        let ts = format!("{}.000100", self.now.as_secs());
        let body = json!({
            "team_id": "T0SAMPLE", "api_app_id": "A0SAMPLE",
            "type": "event_callback", "event_id": id, "event_time": self.now.as_secs(),
            "event": {
                "type": event_type, "user": format!("U0{}", self.name().to_uppercase()),
                "text": "<@U0LAMP> is the light on?",
                "channel": "C0SAMPLE", "ts": ts, "event_ts": ts,
            },
        });
        (id, headers, body)
    }

    /// Wraps what the Standard Webhooks family sends: its id is in a header.
    fn message(&self, agent: &'static str, body: Value) -> (String, HeaderMap, Value) {
        (self.token("msg_", 27), json_headers(agent), body)
    }

    fn order(&self, event_type: &str) -> Value {
        json!({
            "type": event_type,
            "timestamp": iso(self.now),
            "data": { "order": self.token("ord_", 12), "total": self.amount(), "currency": "EUR" },
        })
    }

    fn clerk(&self, event_type: &str) -> Value {
        let object = event_type.split('.').next().unwrap_or(event_type);
        json!({
            "type": event_type,
            "object": "event",
            "timestamp": u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX),
            "data": {
                "id": self.token(&format!("{object}_"), 27), "object": object,
                "first_name": self.name(),
                "email_addresses": [{ "email_address": format!("{}@example.com", self.name()) }],
            },
        })
    }

    fn loops(&self, event_type: &str) -> Value {
        json!({
            "eventName": event_type,
            "eventTime": self.now.as_secs(),
            "webhookSchemaVersion": "1.0.0",
            "contactIdentity": {
                "id": self.token("", 25), "email": format!("{}@example.com", self.name()),
                "userId": null,
            },
        })
    }

    fn auth_hook(&self, event_type: &str) -> Value {
        json!({
            "metadata": {
                "uuid": uuid(self.rng), "time": iso(self.now), "name": event_type,
                "ip_address": "192.0.2.7",
            },
            "user": {
                "id": uuid(self.rng), "aud": "authenticated", "role": "",
                "email": format!("{}@example.com", self.name()),
            },
        })
    }
}
