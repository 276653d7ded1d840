//! Headers as one blob: for each, the length and bytes of its name and of its value.

/// Packs headers. Lengths fit, because an event is validated before.
pub(super) fn pack(headers: &[(String, Vec<u8>)]) -> Vec<u8> {
    let size = headers.iter().map(|(n, v)| n.len() + v.len() + 8).sum();
    let mut packed = Vec::with_capacity(size);
    for (name, value) in headers {
        for part in [name.as_bytes(), value] {
            let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
            packed.extend_from_slice(&len.to_le_bytes());
            packed.extend_from_slice(part);
        }
    }
    packed
}

/// Unpacks headers; what is cut off is left out.
pub(super) fn unpack(mut packed: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut headers = Vec::new();
    while let Some(name) = part(&mut packed) {
        let Some(value) = part(&mut packed) else {
            break;
        };
        headers.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    headers
}

fn part<'a>(packed: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = packed.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    let (part, rest) = rest.split_at_checked(len)?;
    *packed = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_unpack_to_what_was_packed(headers: Vec<(String, Vec<u8>)>) {
            prop_assert_eq!(unpack(&pack(&headers)), headers);
        }

        #[test]
        fn any_bytes_unpack_without_a_panic(bytes: Vec<u8>) {
            unpack(&bytes);
        }
    }
}
