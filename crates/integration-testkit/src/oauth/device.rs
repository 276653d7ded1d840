//! Logins of devices without a browser (RFC 8628).

use serde_json::{Value, json};

use super::{
    client::MockClient,
    family::Grant,
    request::{Refusal, Request, Result},
    world::World,
};

/// Seconds that a device code lasts.
const DEVICE_TTL: u64 = 600;

/// A device that waits.
#[derive(Debug)]
pub(super) struct Device {
    grant: Grant,
    user_code: String,
    decision: Option<bool>,
    expires_at: u64,
    interval: u64,
    asked_at: Option<u64>,
}

impl World {
    pub(super) fn begin_device(&mut self, request: &Request) -> Result<Value> {
        let client = self.authenticate(request)?;
        let grant = Grant {
            client: client.id,
            subject: Some(self.settings.subject.clone()),
            scopes: self.granted(request.form.words("scope")),
            auth_time: self.now(),
            ..Grant::default()
        };
        let code = self.fresh("device");
        let user_code = format!("WDJB-{:04}", self.devices.len() + 1);
        let interval = self.settings.device_interval.as_secs();
        let page = self.url("/device");
        let answer = json!({
            "device_code": code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": DEVICE_TTL,
            "interval": interval,
        });
        let device = Device {
            grant,
            user_code,
            decision: None,
            expires_at: self.now() + DEVICE_TTL,
            interval,
            asked_at: None,
        };
        self.devices.insert(code, device);
        Ok(answer)
    }

    /// Lets the user decide; tells whether a device waits for this code.
    pub(super) fn decide(&mut self, user_code: &str, is_approved: bool) -> bool {
        let mut devices = self.devices.values_mut();
        let device = devices.find(|device| device.user_code == user_code);
        device
            .map(|device| device.decision = Some(is_approved))
            .is_some()
    }

    pub(super) fn poll_device(&mut self, request: &Request, client: &MockClient) -> Result<Grant> {
        let now = self.now();
        let code = request.form.required("device_code")?;
        let device = self.devices.get_mut(code);
        let device = device
            .filter(|device| device.grant.client == client.id)
            .ok_or_else(|| Refusal::grant("nobody knows this device code"))?;
        let wait = |error| Err(Refusal::new(400, error, "the user has not decided"));
        if device.expires_at <= now {
            return Err(Refusal::new(
                400,
                "expired_token",
                "the device was too slow",
            ));
        }
        let is_early = device.asked_at.is_some_and(|at| now < at + device.interval);
        device.asked_at = Some(now);
        match device.decision {
            _ if is_early => {
                device.interval += 5;
                wait("slow_down")
            }
            None => wait("authorization_pending"),
            Some(false) => Err(Refusal::new(400, "access_denied", "the user said no")),
            Some(true) => {
                let grant = device.grant.clone();
                self.devices.remove(code);
                Ok(grant)
            }
        }
    }
}
