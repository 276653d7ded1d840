//! Reads the headers of a captured delivery, however they were captured.

use http::{HeaderMap, HeaderName, HeaderValue};

/// Bytes of a file with headers at most.
pub(super) const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Headers at most.
const MAX_HEADERS: usize = 256;

/// What is wrong with a line of the file, which is never quoted: it may be a secret in the wrong
/// file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub(super) struct Fault {
    /// From 1.
    line: usize,
    what: &'static str,
}

/// Reads `Name: value` lines up to the first empty one.
///
/// A request line before them is skipped, and so are HTTP/2's `:path`s. Of what `curl -v` prints,
/// the lines with `> ` count, or else those with `< `; the rest is curl's talk.
///
/// # Errors
///
/// [`Fault`] for a line that is no header, and for more than 256 of them.
pub(super) fn headers(file: &[u8]) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::new();
    let mut is_first = true;
    for (line, text) in lines(file) {
        let fault = |what| Fault { line, what };
        if text.is_empty() {
            if is_first {
                continue;
            }
            break;
        }
        let starts = std::mem::take(&mut is_first);
        if text.starts_with(b":") || (starts && is_start_line(text)) {
            continue;
        }
        let colon = text.iter().position(|byte| *byte == b':');
        let (name, value) = text.split_at(colon.ok_or_else(|| fault("no `Name: value`"))?);
        let name = HeaderName::from_bytes(name.trim_ascii_end());
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        let name = name.map_err(|_| fault("what is before the colon is no header name"))?;
        let value = value.map_err(|_| fault("the value has a control character"))?;
        if headers.len() == MAX_HEADERS {
            return Err(fault("more than 256 headers"));
        }
        headers.append(name, value);
    }
    Ok(headers)
}

/// The lines that count, numbered from 1, without what captures put around them.
fn lines(file: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let all = || {
        file.strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(file)
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
    };
    let marked = |mark: u8| all().any(|line| line.starts_with(&[mark, b' ']));
    let mark = [b'>', b'<'].into_iter().find(|mark| marked(*mark));
    (1..)
        .zip(all())
        .filter_map(move |(number, line)| match mark {
            None => Some((number, line)),
            Some(mark) => Some((number, line.strip_prefix(&[mark])?.trim_ascii())),
        })
}

/// `POST /in/stripe HTTP/1.1`, or `HTTP/1.1 200 OK`.
fn is_start_line(line: &[u8]) -> bool {
    line.starts_with(b"HTTP/") || line.windows(6).any(|part| part == b" HTTP/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(file: &str) -> Vec<String> {
        let headers = headers(file.as_bytes()).unwrap();
        let pair = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}={}", String::from_utf8_lossy(value.as_bytes()))
        };
        headers.iter().map(pair).collect()
    }

    #[test]
    fn captures_of_every_kind_give_the_same_headers() {
        for file in [
            "X-One: 1\nTwo:two words ",
            "\u{feff}POST /in/a HTTP/1.1\r\nX-One: 1\r\nTwo: two words\r\n\r\n{\"a: b\": 1}",
            "* Connected\n> POST / HTTP/2\n> X-One: 1\n> Two: two words\n>\n< HTTP/2 200\n< no: no\n",
            "< HTTP/1.1 200 OK\n< x-one: 1\n< two: two words\n{ [5 bytes data]\n",
            "\n\n:method: POST\n:path: /\n  x-one : 1\ntwo: two words",
        ] {
            assert_eq!(names(file), ["x-one=1", "two=two words"], "{file}");
        }
    }

    #[test]
    fn a_repeated_header_stays_repeated() {
        assert_eq!(names("a: 1\na: 2"), ["a=1", "a=2"]);
    }

    #[test]
    fn what_is_no_header_is_named_by_its_line_and_not_quoted() {
        for (file, line) in [
            ("a: 1\nsecret", 2),
            ("no name: 1", 1),
            ("a: 1\n\nb", 0),
            (": x", 0),
        ] {
            let found = headers(file.as_bytes()).map_or_else(|fault| fault.line, |_| 0);
            assert_eq!(found, line, "{file}");
        }
        let fault = headers(b"s3cret").unwrap_err().to_string();
        assert_eq!(fault, "line 1: no `Name: value`");
    }

    #[test]
    fn headers_are_bounded() {
        let file = |count: usize| "a: 1\n".repeat(count).into_bytes();
        assert!(headers(&file(MAX_HEADERS)).is_ok());
        assert!(headers(&file(MAX_HEADERS + 1)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_headers_or_a_fault(file in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = headers(&file);
        }

        #[test]
        fn lines_of_odd_pieces_are_headers_or_a_fault(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["> ", "< ", ">", ":", " ", "a", "\n", "\r\n", "HTTP/", "é"]),
                0..60,
            )
        ) {
            let _ = headers(pieces.concat().as_bytes());
        }

        #[test]
        fn what_is_written_is_read(pairs in prop::collection::vec(("[a-z][a-z-]{0,9}", "[!-~]{1,20}"), 1..20)) {
            let file: String = pairs.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
            let read = headers(file.as_bytes()).unwrap();
            prop_assert_eq!(read.len(), pairs.len());
            for (name, value) in &pairs {
                prop_assert!(read.get_all(name).iter().any(|one| one == value));
            }
        }
    }
}
