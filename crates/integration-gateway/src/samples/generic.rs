//! The generic HMAC: id and type go where the configuration will look for them.

use http::{HeaderMap, HeaderName, HeaderValue};
use integration_core::Result;
use integration_webhooks::HmacScheme;
use serde_json::{Map, Value, json};

use super::{bodies::Maker, draw::iso, fault, json_headers};

/// Most steps of a pointer; the verifier has a limit of its own.
const MAX_STEPS: usize = 16;

pub(super) fn make(
    config: &HmacScheme,
    event_type: &str,
    maker: &Maker<'_>,
) -> Result<(String, HeaderMap, Value)> {
    let id = maker.token("req_", 24);
    let mut body = json!({
        "id": id,
        "type": event_type,
        "created_at": iso(maker.now),
        "data": { "order": maker.token("ord_", 12) },
    });
    for (pointer, value) in [
        (&config.id_pointer, &*id),
        (&config.type_pointer, event_type),
    ] {
        if let Some(pointer) = pointer {
            put(&mut body, pointer, value)?;
        }
    }
    let mut headers = json_headers("sample/1.0");
    // The id's header is the signer's business: it may be part of what is signed.
    if let Some(name) = &config.type_header {
        let name: HeaderName = name
            .parse()
            .map_err(|_| fault("type_header is no header"))?;
        let value = HeaderValue::from_str(event_type);
        headers.insert(name, value.map_err(|_| fault("it does not fit a header"))?);
    }
    Ok((id, headers, body))
}

/// Puts a text where the pointer points, and makes the objects on the way.
fn put(body: &mut Value, pointer: &str, text: &str) -> Result<()> {
    let steps: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|step| step.replace("~1", "/").replace("~0", "~"))
        .collect();
    if steps.is_empty() || steps.len() > MAX_STEPS {
        return Err(fault("a pointer is 1 to 16 steps, such as /data/id"));
    }
    let mut place = body;
    for step in steps {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[step];
    }
    *place = json!(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_makes_the_objects_on_its_way() {
        let mut body = json!({ "data": 1 });
        put(&mut body, "/data/a~1b/id", "x").unwrap();
        assert_eq!(body, json!({ "data": { "a/b": { "id": "x" } } }));
    }

    #[test]
    fn a_pointer_has_steps_and_not_too_many() {
        let steps = |count| "/a".repeat(count);
        assert!(put(&mut json!({}), &steps(MAX_STEPS), "x").is_ok());
        assert!(put(&mut json!({}), &steps(MAX_STEPS + 1), "x").is_err());
        assert!(put(&mut json!({}), "", "x").is_err());
    }
}
