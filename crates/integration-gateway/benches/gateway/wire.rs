//! Just enough HTTP/1.1 to find where a message ends.

/// Largest message either side of the bench sends.
pub(crate) const MAX_MESSAGE: usize = 16 * 1024;

/// Returns the length of the first whole message in `buffer`, head and body, once it is all there.
///
/// Only `content-length` framing: neither the generator nor the gateway chunks these messages.
pub(crate) fn message_len(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let whole = head + content_length(&buffer[..head]);
    (buffer.len() >= whole).then_some(whole)
}

/// Returns the status of a response.
pub(crate) fn status(response: &[u8]) -> Option<u16> {
    std::str::from_utf8(response.get(9..12)?).ok()?.parse().ok()
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length:";
    head.split(|byte| *byte == b'\n')
        .find(|line| {
            line.get(..NAME.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(NAME))
        })
        .and_then(|line| std::str::from_utf8(&line[NAME.len()..]).ok())
        .and_then(|digits| digits.trim().parse().ok())
        .unwrap_or(0)
}
