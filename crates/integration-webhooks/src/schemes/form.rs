//! Bodies that are HTML forms: GitHub's `payload=` deliveries, Slack's interactions and commands.

use std::borrow::Cow;

/// Most fields of a form that are looked at.
pub const MAX_FORM_FIELDS: usize = 64;

/// Returns the decoded field `payload` of a form; `None` for anything that starts like JSON.
pub(crate) fn payload(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let [payload] = fields(body, ["payload"])?;
    Some(match payload? {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    })
}

/// Returns the first value of each named field; `None` for anything that starts like JSON.
///
/// The signed bytes decide what the body is, not the unsigned `content-type`.
pub(crate) fn fields<'a, const N: usize>(
    body: &'a [u8],
    names: [&str; N],
) -> Option<[Option<Cow<'a, str>>; N]> {
    if matches!(
        body.trim_ascii_start().first(),
        None | Some(b'{' | b'[' | b'"')
    ) {
        return None;
    }
    let mut found = [const { None }; N];
    for (name, value) in form_urlencoded::parse(body).take(MAX_FORM_FIELDS) {
        for (want, slot) in names.iter().zip(&mut found) {
            if *want == name && slot.is_none() {
                *slot = Some(value.clone());
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_field_of_a_name_counts_and_is_decoded() {
        let found = fields(
            b"a=1&command=%2Fdeploy+now&command=other",
            ["command", "none"],
        );
        assert_eq!(found, Some([Some(Cow::Borrowed("/deploy now")), None]));
    }

    #[test]
    fn json_is_no_form() {
        assert_eq!(payload(b" {\"payload=\":1}"), None);
        assert_eq!(payload(b""), None);
    }

    #[test]
    fn fields_past_the_limit_are_not_looked_at() {
        let body = |before| format!("{}payload=x", "a=1&".repeat(before));
        assert!(payload(body(MAX_FORM_FIELDS - 1).as_bytes()).is_some());
        assert!(payload(body(MAX_FORM_FIELDS).as_bytes()).is_none());
    }
}
