//! Signed requests, made before the clock starts so that the generator only copies bytes.

use std::time::Duration;

use integration_core::SecretString;
use integration_webhooks::{
    Scheme,
    sign::{SignRequest, Signer},
};

/// Signs what the servers verify.
pub(crate) const SECRET: &str = "whsec_bench_only_not_a_real_secret_0123456789";
/// Path of the one source; the bare servers take it too.
pub(crate) const PATH: &str = "/in/stripe";
/// Length of each body.
const BODY_LEN: usize = 1024;

/// Requests of equal length, one after the other.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    each: usize,
}

impl Batch {
    /// Signs `count` events whose ids start at `first`, as Stripe would at `now`.
    pub(crate) fn sign(first: usize, count: usize, now: Duration) -> Self {
        let signer = Signer::new(&Scheme::Stripe, &SecretString::from(SECRET)).unwrap();
        let mut bytes = Vec::new();
        let mut each = 0;
        for no in first..first + count {
            append(&mut bytes, &signer, no, now);
            if each == 0 {
                each = bytes.len();
                bytes.reserve_exact(each * (count - 1));
            }
        }
        assert_eq!(bytes.len(), each * count, "requests of different lengths");
        Self { bytes, each }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / self.each
    }

    pub(crate) fn get(&self, no: usize) -> Option<&[u8]> {
        self.bytes.get(no * self.each..(no + 1) * self.each)
    }
}

fn append(bytes: &mut Vec<u8>, signer: &Signer, no: usize, now: Duration) {
    let id = format!("evt_bench_{no:012}");
    let body = body(&id);
    let request = SignRequest {
        id: &id,
        timestamp: now,
        body: body.as_bytes(),
    };
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    bytes.extend_from_slice(head.as_bytes());
    for (name, value) in signer.sign(&request).unwrap() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body.as_bytes());
}

/// Returns the number in the id of an event's body.
pub(crate) fn number(body: &[u8]) -> Option<usize> {
    let digits = body.strip_prefix(br#"{"id":"evt_bench_"#)?.get(..12)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn body(id: &str) -> String {
    let start = format!(
        r#"{{"id":"{id}","object":"event","type":"payment_intent.succeeded","data":{{"object":{{"customer":"cus_1","padding":""#
    );
    let end = r#""}}}"#;
    let padding = "x".repeat(BODY_LEN - start.len() - end.len());
    format!("{start}{padding}{end}")
}
