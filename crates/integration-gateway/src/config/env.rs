//! The variables of the gateway: one for each key of the file.

use integration_core::EnvVar;

/// Variables the gateway reads; `NAME` stands for the name of a source or route in capitals, with
/// `_` for `-` and `.`. A name that the file does not have makes a new source or route.
///
/// What `env:NAME` in a secret points to is read, too.
pub const ENV: &[EnvVar] = &[
    var(
        "INTEGRATION_GATEWAY__LISTEN",
        "address and port that senders post to",
        "127.0.0.1:8787",
    ),
    var(
        "INTEGRATION_GATEWAY__ADMIN_LISTEN",
        "address and port of health, metrics and API; beyond loopback a token must be set",
        "127.0.0.1:8788",
    ),
    unset(
        "INTEGRATION_GATEWAY__ADMIN_TOKEN",
        "`env:NAME` or `file:PATH`: where the token is that the API asks for",
    ),
    var(
        "INTEGRATION_GATEWAY__DATA_DIR",
        "folder of the store",
        "./integration-data",
    ),
    var(
        "INTEGRATION_GATEWAY__LOG",
        "what is logged: off, error, warn, info, debug or trace",
        "info",
    ),
    var(
        "INTEGRATION_GATEWAY__MAX_BODY_BYTES",
        "bytes of a body at most, 1 to 8388608",
        "1048576",
    ),
    var(
        "INTEGRATION_GATEWAY__MAX_HEADER_BYTES",
        "bytes of all headers of a request at most, 8192 to 262144",
        "32768",
    ),
    var(
        "INTEGRATION_GATEWAY__MAX_CONNECTIONS",
        "connections at once, 1 to 65536",
        "1024",
    ),
    var(
        "INTEGRATION_GATEWAY__HEAD_TIMEOUT_MS",
        "time to send the headers, 1 to 600000 ms",
        "10000",
    ),
    var(
        "INTEGRATION_GATEWAY__BODY_TIMEOUT_MS",
        "time to send the body, 1 to 600000 ms",
        "20000",
    ),
    var(
        "INTEGRATION_GATEWAY__QUEUE_LIMIT",
        "events that may wait to be stored, 1 to 1000000; more are answered as overload",
        "8192",
    ),
    unset(
        "INTEGRATION_GATEWAY__MAX_STORE_BYTES",
        "bytes the store may grow to, from 1048576; not set: as many as the disk has",
    ),
    var(
        "INTEGRATION_GATEWAY__MAX_IN_FLIGHT",
        "deliveries at once over all routes, 1 to 10000",
        "256",
    ),
    var(
        "INTEGRATION_GATEWAY__LEASE_MS",
        "time a worker may be silent before its deliveries go to another, 1000 to 3600000 ms",
        "30000",
    ),
    var(
        "INTEGRATION_GATEWAY__SHUTDOWN_GRACE_MS",
        "time a shutdown waits for deliveries under way, 0 to 600000 ms",
        "10000",
    ),
    var(
        "INTEGRATION_GATEWAY__RETENTION_DONE_S",
        "time that what was delivered or dropped is kept, 1 s to 10 years",
        "604800",
    ),
    var(
        "INTEGRATION_GATEWAY__RETENTION_DEAD_S",
        "time that dead letters are kept, 1 s to 10 years",
        "2592000",
    ),
    var(
        "INTEGRATION_GATEWAY__RETENTION_KEYS_S",
        "time that duplicates are recognised, 1 s to 10 years",
        "7776000",
    ),
    var(
        "INTEGRATION_GATEWAY__RETENTION_EVERY_S",
        "time between two clean-ups, 1 to 86400 s",
        "3600",
    ),
    var(
        "INTEGRATION_GATEWAY__STORE__COMMIT",
        "what shares a commit: group (all that waits) or event (each alone, to measure)",
        "group",
    ),
    var(
        "INTEGRATION_GATEWAY__STORE__SYNCHRONOUS",
        "full waits for the disk; normal may lose the last moments when the power fails",
        "full",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__SCHEME",
        "how the source signs, such as stripe, github, slack, standard-webhooks, hmac",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__SECRETS",
        "where its secrets are: `env:NAME` or `file:PATH`, several with commas",
    ),
    var(
        "INTEGRATION_GATEWAY__SOURCES__NAME__TOLERANCE_S",
        "how far its clock may be off, 1 to 86400 s",
        "300",
    ),
    var(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__HEADER",
        "header of the signature, for scheme hmac",
        "x-signature-256",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__PREFIX",
        "text before the signature in its header, such as `sha256=`",
    ),
    var(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__ALGORITHM",
        "sha256, sha512 or sha1",
        "sha256",
    ),
    var(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__ENCODING",
        "hex (lower case) or base64",
        "hex",
    ),
    var(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__CONTENT",
        "what is signed: text with {body}, {timestamp} and {id}",
        "{body}",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__TIMESTAMP_HEADER",
        "header of the signed time, in Unix seconds",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__ID_HEADER",
        "header of the event's id",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__ID_POINTER",
        "JSON pointer to the event's id in the body",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__TYPE_HEADER",
        "header of the event's type",
    ),
    unset(
        "INTEGRATION_GATEWAY__SOURCES__NAME__HMAC__TYPE_POINTER",
        "JSON pointer to the event's type in the body",
    ),
    unset(
        "INTEGRATION_GATEWAY__ROUTES__NAME__NAME",
        "name of the route, where it shall be another than in the file",
    ),
    unset(
        "INTEGRATION_GATEWAY__ROUTES__NAME__SOURCE",
        "source whose events the route takes",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__EVENTS",
        "types of events it takes, `*` for any text, several with commas",
        "*",
    ),
    unset(
        "INTEGRATION_GATEWAY__ROUTES__NAME__URL",
        "where it posts, http or https",
    ),
    unset(
        "INTEGRATION_GATEWAY__ROUTES__NAME__SECRET",
        "`env:NAME` or `file:PATH`: where the secret is that it signs with; not set: unsigned",
    ),
    unset(
        "INTEGRATION_GATEWAY__ROUTES__NAME__ORDER_BY",
        "JSON pointer to the value whose events stay in order",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__MAX_ATTEMPTS",
        "attempts before an event is a dead letter, 1 to 1000",
        "8",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__TIMEOUT_MS",
        "time for one attempt, 1 to 900000 ms",
        "30000",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__MAX_IN_FLIGHT",
        "deliveries at once, 1 to 1024",
        "16",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__BACKOFF_BASE_MS",
        "wait after the first failure, 1 ms to 7 days, doubled each time",
        "5000",
    ),
    var(
        "INTEGRATION_GATEWAY__ROUTES__NAME__BACKOFF_CAP_MS",
        "longest wait, backoff_base_ms to 7 days",
        "43200000",
    ),
];

const fn var(name: &'static str, help: &'static str, default: &'static str) -> EnvVar {
    EnvVar {
        name,
        help,
        default: Some(default),
        required: false,
        secret: false,
    }
}

const fn unset(name: &'static str, help: &'static str) -> EnvVar {
    EnvVar {
        name,
        help,
        default: None,
        required: false,
        secret: false,
    }
}
