//! The shapes of keys.

/// A stretch of text of the shape of a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
    pub(super) shape: &'static str,
}

/// A prefix and what must follow it.
struct Shape {
    prefix: &'static str,
    name: &'static str,
    /// Whether a character may follow the prefix.
    body: fn(char) -> bool,
    /// Characters of the body at least, and at most that are looked at.
    length: (usize, usize),
    /// Bits a character at least: words and repetitions have fewer.
    entropy: f64,
}

const LONGEST: usize = 4096;

const fn shape(
    prefix: &'static str,
    name: &'static str,
    body: fn(char) -> bool,
    length: (usize, usize),
    entropy: f64,
) -> Shape {
    Shape {
        prefix,
        name,
        body,
        length,
        entropy,
    }
}

const SHAPES: [Shape; 18] = [
    shape(
        "sk_live_",
        "a Stripe live key",
        alphanumeric,
        (10, LONGEST),
        0.0,
    ),
    shape(
        "rk_live_",
        "a Stripe restricted live key",
        alphanumeric,
        (10, LONGEST),
        0.0,
    ),
    shape("AIza", "a Google API key", base64url, (35, 35), 0.0),
    shape("whsec_", "a webhook secret", base64, (24, LONGEST), 3.5),
    shape("whsk_", "a webhook signing key", base64, (24, LONGEST), 3.5),
    shape("ghp_", "a GitHub token", alphanumeric, (36, LONGEST), 0.0),
    shape("gho_", "a GitHub token", alphanumeric, (36, LONGEST), 0.0),
    shape("ghu_", "a GitHub token", alphanumeric, (36, LONGEST), 0.0),
    shape("ghs_", "a GitHub token", alphanumeric, (36, LONGEST), 0.0),
    shape("ghr_", "a GitHub token", alphanumeric, (36, LONGEST), 0.0),
    shape("github_pat_", "a GitHub token", word, (22, LONGEST), 0.0),
    shape("xoxb-", "a Slack token", base64url, (10, LONGEST), 2.0),
    shape("xoxp-", "a Slack token", base64url, (10, LONGEST), 2.0),
    shape("xoxa-", "a Slack token", base64url, (10, LONGEST), 2.0),
    shape("xapp-", "a Slack token", base64url, (10, LONGEST), 2.0),
    shape("AKIA", "an AWS access key", upper, (16, 16), 0.0),
    shape("ASIA", "an AWS access key", upper, (16, 16), 0.0),
    shape("eyJ", "a JWT", jwt, (40, LONGEST), 0.0),
];

/// Everything in `text` of the shape of a key, in order of the shapes.
pub(super) fn find(text: &str) -> Vec<Found<'_>> {
    let mut found = Vec::new();
    for shape in &SHAPES {
        for (at, _) in text.match_indices(shape.prefix) {
            if let Some(text) = matched(text, at, shape) {
                found.push(Found {
                    at,
                    text,
                    shape: shape.name,
                });
            }
        }
    }
    found.extend(pem(text));
    found
}

fn matched<'a>(text: &'a str, at: usize, shape: &Shape) -> Option<&'a str> {
    let before = text.get(..at)?.chars().next_back();
    if before.is_some_and(|c| c.is_ascii_alphanumeric() || (shape.prefix == "eyJ" && c == '.')) {
        return None;
    }
    let rest = text.get(at + shape.prefix.len()..)?;
    let length = rest
        .chars()
        .take(shape.length.1)
        .take_while(|c| (shape.body)(*c))
        .count();
    let body = rest.get(..length)?; // bodies are ASCII
    let parts: Vec<&str> = body.split('.').collect();
    let shaped = match parts.as_slice() {
        [header, claims, signature] if shape.prefix == "eyJ" => {
            [header, claims, signature].iter().all(|p| p.len() >= 10)
        }
        _ => shape.prefix != "eyJ",
    };
    let enough = length >= shape.length.0 && entropy(body) >= shape.entropy;
    (shaped && enough).then(|| text.get(at..at + shape.prefix.len() + length))?
}

/// `-----BEGIN .. PRIVATE KEY-----` on one line, with something of a key after it.
fn pem(text: &str) -> impl Iterator<Item = Found<'_>> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "PRIVATE KEY-----";
    text.match_indices(BEGIN).filter_map(|(at, _)| {
        let rest = text.get(at..)?;
        let line = rest.lines().next()?;
        let head = line.get(..line.find(END)? + END.len())?;
        // An escaped line end in a string is no line end yet.
        let body = rest
            .get(head.len()..)?
            .trim_start_matches("\\r")
            .trim_start_matches("\\n")
            .trim_start();
        let key = body.chars().take_while(|c| base64(*c)).count();
        (key >= 16).then_some(Found {
            at,
            text: head,
            shape: "a private key",
        })
    })
}

/// Shannon's, in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 128];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = f64::from(counts.iter().sum::<u32>().max(1));
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn upper(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

fn base64url(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn jwt(c: char) -> bool {
    base64url(c) || c == '.'
}
