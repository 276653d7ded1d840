//! Ids in the path of a request.

use std::fmt::Write as _;

use crate::error::{Error, ErrorKind, Result};

/// Encodes an id as one part of a path.
///
/// ```
/// use integration_core::http::path_part;
///
/// assert_eq!(path_part("demo.items.get", "a b/c?")?, "a%20b%2Fc%3F");
/// assert!(path_part("demo.items.get", "..").is_err());
/// # Ok::<(), integration_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Serialize`] when it is empty, which would call the list instead of the item, and when
/// it is `.` or `..`, which would call what is above it.
pub fn path_part(operation: &'static str, id: &str) -> Result<String> {
    if matches!(id, "" | "." | "..") {
        return Err(Error::new(ErrorKind::Serialize, operation)
            .with_message("id is empty or made of dots, which would call another address"));
    }
    let mut part = String::with_capacity(id.len());
    for byte in id.bytes() {
        // RFC 3986, 2.3: what needs no encoding anywhere.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            // A string takes every write.
            let _ = write!(part, "%{byte:02X}");
        }
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::path_part;

    proptest! {
        #[test]
        fn an_id_stays_one_part_of_the_path(id in "\\PC{1,20}|[./%\\\\?#]{1,4}") {
            let Ok(part) = path_part("demo", &id) else {
                prop_assert!([".", ".."].contains(&id.as_str()));
                return Ok(());
            };
            let url = Url::parse(&format!("http://h/v1/{part}/more?q")).unwrap();
            prop_assert_eq!(url.query(), Some("q"));
            let parts: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(parts, ["v1", part.as_str(), "more"]);
        }
    }
}
