//! A stand-in for the browser of a user.

use integration_core::{Error, ErrorKind, Result, http};

/// Where the server sends the browser, and with what.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Callback {
    /// The address, with its query.
    pub url: String,
    /// The fields, of the query or of the form that the browser posts.
    pub fields: Vec<(String, String)>,
    /// Whether the browser posts them (`response_mode=form_post`).
    pub is_post: bool,
}

impl Callback {
    /// Returns a field, such as `code`; empty if there is none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        let mut fields = self.fields.iter();
        fields
            .find_map(|(key, value)| (key == name).then_some(value.as_str()))
            .unwrap_or_default()
    }
}

/// Opens the address of a login and returns where it leads, without going there.
pub(super) async fn visit(url: &str) -> Result<Callback> {
    let client = http::Client::builder()
        .operation_prefix("testkit.browser")
        .build()?;
    let answer = client.get(url).any_status().send().await?;
    if let Some(location) = answer.headers().get("location") {
        let url = String::from_utf8_lossy(location.as_bytes()).into_owned();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let fields = form_urlencoded::parse(query.as_bytes()).into_owned();
        return Ok(Callback {
            fields: fields.collect(),
            url,
            is_post: false,
        });
    }
    let page = String::from_utf8_lossy(answer.body()).into_owned();
    let action = attribute(&page, "action=\"");
    let Some(action) = action.filter(|_| answer.status() == http::StatusCode::OK) else {
        let error = Error::new(ErrorKind::Validation, "testkit.browser.get");
        return Err(error.with_message(page));
    };
    let inputs = page.split("<input ").skip(1);
    let fields = inputs
        .filter_map(|input| Some((attribute(input, "name=\"")?, attribute(input, "value=\"")?)));
    Ok(Callback {
        url: action,
        fields: fields.collect(),
        is_post: true,
    })
}

fn attribute(html: &str, begin: &str) -> Option<String> {
    let (_, rest) = html.split_once(begin)?;
    let (value, _) = rest.split_once('"')?;
    let value = value.replace("&lt;", "<").replace("&quot;", "\"");
    Some(value.replace("&amp;", "&"))
}
