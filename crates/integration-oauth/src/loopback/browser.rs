//! Opening the browser of the user.

use std::{
    fmt,
    process::{Command, Stdio},
    sync::Arc,
};

use url::Url;

use super::config::Desktop;

/// How the browser of the user is opened.
#[derive(Clone, Default)]
pub enum Browser {
    /// By the variables of [`ENV`](super::ENV), else as the system does it: `xdg-open`, `open` or
    /// the file protocol handler of Windows.
    #[default]
    System,
    /// Not at all: the user gets the address to open.
    None,
    /// By a function, which tells whether it could.
    With(Arc<dyn Fn(&Url) -> bool + Send + Sync>),
}

impl Browser {
    /// Opens the browser by a function, which tells whether it could.
    pub fn with(open: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Self {
        Self::With(Arc::new(open))
    }

    /// Opens an address; `false` when there is no browser.
    pub(super) fn open(&self, url: &Url) -> bool {
        match self {
            Self::None => false,
            Self::With(open) => open(url),
            Self::System => {
                let desktop = Desktop::from_env().unwrap_or_default();
                let mut commands = commands(&desktop, url, std::env::consts::OS);
                commands.any(|command| start(&command))
            }
        }
    }
}

/// The commands to try, each a program and its arguments. No shell ever sees the address.
fn commands<'a>(
    desktop: &'a Desktop,
    url: &'a Url,
    system: &str,
) -> impl Iterator<Item = Vec<String>> + 'a {
    let own = desktop
        .commands
        .iter()
        .map(|command| with_url(command, url));
    let of_system: &[&str] = match system {
        "macos" => &["open"],
        "windows" => &["rundll32", "url.dll,FileProtocolHandler"],
        _ if desktop.has_display => &["xdg-open"],
        _ => &[],
    };
    let of_system = (!of_system.is_empty()).then(|| with_url(&of_system.join(" "), url));
    own.chain(of_system)
}

fn with_url(command: &str, url: &Url) -> Vec<String> {
    let mut words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
    let mut has_place = false;
    for word in words.iter_mut().skip(1).filter(|word| word.contains("%s")) {
        has_place = true;
        *word = word.replace("%s", url.as_str());
    }
    if !has_place {
        words.push(url.to_string());
    }
    words
}

/// Starts a program; whether it then shows a page only the user can see.
fn start(command: &[String]) -> bool {
    let Some((program, arguments)) = command.split_first() else {
        return false;
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        return false;
    };
    // Some browsers stay until they are closed; nobody waits for them but this thread.
    let waiter = std::thread::Builder::new().name("oauth-browser".to_owned());
    let _ = waiter.spawn(move || child.wait());
    true
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::None => "None",
            Self::With(_) => "With(..)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(browser: &str, display: &str, system: &str) -> Vec<Vec<String>> {
        let lookup = |name: &str| match name {
            "BROWSER" => Some(browser.to_owned()),
            "DISPLAY" => Some(display.to_owned()),
            _ => None,
        };
        let desktop = Desktop::from_vars(lookup).unwrap();
        let url = Url::parse("https://as.example.test/a?b=c&d=$(e)").unwrap();
        commands(&desktop, &url, system).collect()
    }

    #[test]
    fn the_variable_comes_first_and_the_system_second() {
        let url = "https://as.example.test/a?b=c&d=$(e)";
        assert_eq!(
            found("firefox --new-tab %s:w3m", ":0", "linux"),
            [
                vec!["firefox", "--new-tab", url],
                vec!["w3m", url],
                vec!["xdg-open", url]
            ]
        );
        assert_eq!(found("", "", "macos"), [["open", url]]);
        assert_eq!(found("", "", "windows").len(), 1);
        assert!(found("", "", "linux").is_empty(), "no display, no browser");
    }

    #[test]
    fn a_program_that_is_not_there_is_no_browser() {
        assert!(!start(&["/nowhere/no-such-browser".to_owned()]));
        assert!(!Browser::None.open(&Url::parse("https://a.test").unwrap()));
    }
}
