//! The presets that are built in.

/// A file of `presets/`.
macro_rules! preset {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../presets/", $name, ".toml")),
        )
    };
}

/// Their names and texts, in order of names.
pub(super) const ALL: [(&str, &str); 42] = [
    preset!("airtable"),
    preset!("apple"),
    preset!("asana"),
    preset!("atlassian"),
    preset!("auth0"),
    preset!("box"),
    preset!("calendly"),
    preset!("cognito"),
    preset!("discord"),
    preset!("docusign"),
    preset!("dropbox"),
    preset!("facebook"),
    preset!("figma"),
    preset!("github"),
    preset!("github-app"),
    preset!("gitlab"),
    preset!("google"),
    preset!("hubspot"),
    preset!("instagram"),
    preset!("intercom"),
    preset!("keycloak"),
    preset!("linear"),
    preset!("linkedin"),
    preset!("mailchimp"),
    preset!("mcp"),
    preset!("microsoft"),
    preset!("notion"),
    preset!("okta"),
    preset!("pipedrive"),
    preset!("quickbooks"),
    preset!("salesforce"),
    preset!("shopify"),
    preset!("slack"),
    preset!("spotify"),
    preset!("stripe-connect"),
    preset!("supabase"),
    preset!("tiktok"),
    preset!("twitch"),
    preset!("x"),
    preset!("xero"),
    preset!("zendesk"),
    preset!("zoom"),
];
