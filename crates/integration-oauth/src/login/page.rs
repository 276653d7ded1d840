//! Pages for people: plain, and with no word that came from outside.

/// What a page may load: nothing. Its style is in it.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Headers of every page: it holds no secret, but its address may.
pub(crate) const HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("content-security-policy", POLICY),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// A page. Its texts are ours: nothing of a request is ever shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
}

impl Page {
    pub(crate) const NOT_FOUND: Self = Self {
        status: 404,
        title: "Not found",
        text: "There is nothing here.",
    };

    #[cfg(feature = "loopback")]
    pub(crate) const LOGGED_IN: Self = Self {
        status: 200,
        title: "You are logged in",
        text: "You can close this page and go back to the program.",
    };

    #[cfg(feature = "loopback")]
    pub(crate) const LOGIN_FAILED: Self = Self {
        status: 400,
        title: "The login failed",
        text: "Nothing was changed. Please begin the login again; the program says more.",
    };

    pub(crate) fn html(&self) -> String {
        let Self { title, text, .. } = self;
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
             <style>:root{{color-scheme:light dark}}body{{font:1rem/1.5 system-ui,sans-serif;\
             max-width:32rem;margin:20vh auto;padding:0 1rem}}h1{{font-size:1.4rem}}</style>\
             <h1>{title}</h1><p>{text}</p></html>"
        )
    }
}
