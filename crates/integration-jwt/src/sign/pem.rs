//! Private keys in PEM (RFC 7468).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::pair::Unfit;

/// What a private key may be called; one that says `ENCRYPTED` is another thing.
const LABELS: [&str; 3] = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/// Returns the bytes of the first private key. Parameters and certificates beside it are passed over.
pub(super) fn private_key(pem: &str) -> Result<Zeroizing<Vec<u8>>, Unfit> {
    // Line ends of keys in variables of an environment.
    let pem = Zeroizing::new(pem.replace("\\n", "\n"));
    for label in LABELS {
        let begin = format!("-----BEGIN {label}-----");
        let Some((_, rest)) = pem.split_once(begin.as_str()) else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let (body, _) = rest.split_once(end.as_str()).ok_or("pem has no end")?;
        let bare: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let der = STANDARD.decode(bare.as_bytes());
        return der
            .map(Zeroizing::new)
            .map_err(|_| "pem is not base64: an encrypted key is not read");
    }
    Err("pem holds no private key that is not encrypted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_between_its_lines_however_they_end() {
        for newline in ["\n", "\r\n", "\\n"] {
            let pem = [
                "x",
                "-----BEGIN PRIVATE KEY-----",
                "AQ",
                "ID",
                "-----END PRIVATE KEY-----",
            ];
            let der = private_key(&pem.join(newline)).unwrap();
            assert_eq!(*der, [1, 2, 3]);
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused() {
        for label in ["PUBLIC KEY", "ENCRYPTED PRIVATE KEY", "CERTIFICATE"] {
            let pem = format!("-----BEGIN {label}-----\nAQID\n-----END {label}-----\n");
            assert!(private_key(&pem).is_err(), "{label}");
        }
        assert!(private_key("-----BEGIN PRIVATE KEY-----\nAQID").is_err());
        let headed = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nAQID\n-----END RSA PRIVATE KEY-----";
        assert!(private_key(headed).is_err());
    }
}
