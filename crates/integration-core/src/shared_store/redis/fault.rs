//! What a Redis said, in our words and without its secrets.

use redis::{ErrorKind as RedisKind, RedisError, ServerErrorKind};

use crate::error::{Error, ErrorKind};

/// A failure that several calls learn of.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    kind: ErrorKind,
    message: String,
}

impl Fault {
    pub(super) fn new(error: &RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        let (kind, message) = match error.kind() {
            RedisKind::AuthenticationFailed => refused("the credentials"),
            RedisKind::Server(ServerErrorKind::NoPerm) => refused("the rights of the user"),
            _ if matches!(code, "NOAUTH" | "WRONGPASS") => refused("the credentials"),
            // What a Redis with a password says to a long command without one.
            _ if says(error, "unauthenticated") => refused("the credentials"),
            RedisKind::InvalidClientConfig => refused("the address"),
            // Redis 6 names it only in the text, as the error of a script.
            _ if code == "WRONGTYPE" || says(error, "WRONGTYPE") => {
                let message = "the key holds something else";
                (ErrorKind::Decode, message.to_owned())
            }
            // What the system says of a connection holds no secret.
            _ if error.is_io_error() => (ErrorKind::Storage, format!("redis: {error}")),
            // The text of other errors may repeat what was sent.
            _ => {
                let category = error.category();
                (ErrorKind::Storage, format!("redis: {category} {code}"))
            }
        };
        Self { kind, message }
    }

    /// The task that made the connection ended with its runtime.
    pub(super) fn abandoned() -> Self {
        Self {
            kind: ErrorKind::Storage,
            message: "redis: nobody is connecting any more".to_owned(),
        }
    }

    pub(super) fn into_error(self) -> Error {
        Error::new(self.kind, "shared_store").with_message(self.message)
    }
}

fn refused(what: &str) -> (ErrorKind, String) {
    let message = format!("redis refuses {what}; correct `redis.url`");
    (ErrorKind::Config, message)
}

fn says(error: &RedisError, word: &str) -> bool {
    error.detail().is_some_and(|detail| detail.contains(word))
}
