//! Addresses with parts that differ for each customer.

use std::collections::BTreeMap;

use integration_core::Result;

use super::builder::mistake;
use crate::preset::{Param, Preset, filled};

/// Bytes of a part.
const MAX_PART: usize = 253;

/// Puts the parts into the addresses of a preset.
///
/// A part decides which host is called, so what is given must look as the preset says: nobody gets
/// another host, path or user into an address with it.
pub(super) fn fill(preset: &mut Preset, given: &BTreeMap<String, String>) -> Result<()> {
    if let Some(name) = given.keys().find(|name| !preset.params.contains_key(*name)) {
        let name = name.escape_debug();
        return Err(mistake(format!(
            "preset `{}` has no param `{name}`",
            preset.name
        )));
    }
    let mut values = Vec::new();
    for (name, param) in &preset.params {
        let value = given.get(name).or(param.default.as_ref());
        let value =
            value.ok_or_else(|| mistake(format!("param `{name}` is not set: {}", param.about)))?;
        check(name, param, value)?;
        values.push((name.clone(), value.clone()));
    }
    let addresses = [
        &mut preset.issuer,
        &mut preset.issuer_template,
        &mut preset.authorize,
        &mut preset.token,
        &mut preset.refresh,
        &mut preset.device,
        &mut preset.par,
        &mut preset.revoke,
        &mut preset.introspect,
        &mut preset.userinfo,
        &mut preset.end_session,
        &mut preset.jwks,
    ];
    let trades = [&mut preset.trade, &mut preset.renew];
    let traded = trades.into_iter().flatten().map(|trade| &mut trade.address);
    for address in addresses.into_iter().chain(traded).flatten() {
        *address = filled(address, &values);
    }
    for host in &mut preset.hosts {
        *host = filled(host, &values);
    }
    Ok(())
}

fn check(name: &str, param: &Param, value: &str) -> Result<()> {
    let is_part = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_fit = if param.suffixes.is_empty() {
        is_part(value)
    } else {
        let (host, port) = value.split_once(':').unwrap_or((value, "1"));
        let is_host = host.split('.').all(is_part);
        // A port is only for hosts that may be any.
        let is_port = port.parse::<u16>().is_ok()
            && (host == value || param.suffixes.iter().any(String::is_empty));
        let ends = |suffix: &String| {
            host.strip_suffix(suffix.as_str())
                .is_some_and(|start| !start.is_empty())
        };
        is_host && is_port && param.suffixes.iter().any(ends)
    };
    match is_fit && value.len() <= MAX_PART {
        true => Ok(()),
        false => Err(mistake(format!(
            "param `{name}` is not of its form: {}",
            param.about
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shop(suffixes: &[&str]) -> Preset {
        let param = Param {
            about: "the shop".to_owned(),
            default: None,
            suffixes: suffixes.iter().map(|&text| text.to_owned()).collect(),
        };
        Preset {
            name: "shop".to_owned(),
            token: Some("https://{shop}/token".to_owned()),
            params: BTreeMap::from([("shop".to_owned(), param)]),
            ..Preset::default()
        }
    }

    fn filled(suffixes: &[&str], value: &str) -> Result<Option<String>> {
        let mut preset = shop(suffixes);
        let given = BTreeMap::from([("shop".to_owned(), value.to_owned())]);
        fill(&mut preset, &given).map(|()| preset.token)
    }

    #[test]
    fn a_part_must_look_as_the_preset_says() {
        for value in ["a.myshopify.com", "a-b.myshopify.com", "a.b.myshopify.com"] {
            let token = filled(&[".myshopify.com"], value).unwrap();
            assert_eq!(token, Some(format!("https://{value}/token")));
        }
        for value in [
            "",
            ".myshopify.com",
            "myshopify.com",
            "evil.test",
            "evil.test/.myshopify.com",
            "evil.test#.myshopify.com",
            "u@a.myshopify.com",
            "a.myshopify.com:444",
            "a..myshopify.com",
            "a.myshopify.com.",
            "a\n.myshopify.com",
            "xmyshopify.com",
        ] {
            assert!(filled(&[".myshopify.com"], value).is_err(), "{value}");
        }
        assert!(filled(&[], "acme").is_ok());
        for value in ["a.b", "a/b", "a:1", "", "..", "%2e", "a?b"] {
            assert!(filled(&[], value).is_err(), "{value}");
        }
        for value in ["auth.example.test", "auth.example.test:8443"] {
            assert!(filled(&[""], value).is_ok());
        }
        assert!(filled(&[""], "auth.example.test:99999").is_err());
        assert!(filled(&[""], "auth.example.test:1/x").is_err());
    }

    #[test]
    fn a_part_that_is_missing_or_unknown_is_named() {
        let error = fill(&mut shop(&[]), &BTreeMap::new()).unwrap_err();
        assert!(error.message().contains("`shop`") && error.message().contains("the shop"));
        let given = BTreeMap::from([("stop".to_owned(), "x".to_owned())]);
        assert!(
            fill(&mut shop(&[]), &given)
                .unwrap_err()
                .message()
                .contains("`stop`")
        );
    }

    proptest! {
        #[test]
        fn no_part_leads_to_another_host(value in "[a-z./:@#?%\\\\-]{1,24}(\\.myshopify\\.com)?") {
            if let Ok(Some(token)) = filled(&[".myshopify.com"], &value) {
                let url = url::Url::parse(&token).unwrap();
                prop_assert!(url.host_str().unwrap().ends_with(".myshopify.com"));
                prop_assert_eq!(url.path(), "/token");
            }
        }
    }
}
