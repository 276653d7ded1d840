//! Searches everything that a run of tests logs for every secret that it used.
//!
//! A test runs its own binary once more, with a subscriber that writes down all that is logged at
//! any level, spans and fields too, by whatever crate. What stands for the outside, such as
//! [`ScriptedServer`](crate::ScriptedServer), notes the secrets that pass it: tokens, codes,
//! verifiers, cookies, assertions. Then the one is searched for the other.
//!
//! ```no_run
//! use integration_testkit::leaks::Run;
//!
//! // In one test:
//! let report = Run::new().skip("this_test").search().unwrap();
//! assert!(report.noted("refresh_token") > 10, "nothing was looked for");
//! assert!(report.leaks().is_empty(), "{report:?}");
//! ```
//!
//! What is not a [`ScriptedServer`](crate::ScriptedServer) calls [`note`], [`note_request`] and
//! [`note_answer`] itself; a program beside the tests writes into the folder that [`ENV`] names.
//!
//! # When not to use it
//!
//! For one secret and one value that must not show it, [`Canary`](crate::Canary) is smaller.

mod config;
mod log;
mod noted;
mod run;
mod search;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::OnceLock};

use integration_core::config::process_env;

pub use self::{
    config::ENV,
    noted::{note, note_answer, note_request},
    run::Run,
    search::Report,
};
use self::{config::FOLDER, noted::Notes};

/// What is noted of this process; `None` where nobody watches it.
static NOTES: OnceLock<Option<Notes>> = OnceLock::new();

/// Begins to write down what is logged, if this process is watched; noting a secret does the same.
///
/// # Panics
///
/// In a process that is watched, when the files cannot be made, or another subscriber or logger has
/// been installed for the whole process: nothing would be found then.
pub fn begin() {
    notes();
}

fn notes() -> Option<&'static Notes> {
    let begin = || {
        let folder = process_env(FOLDER)?;
        log::install(Path::new(&folder));
        Some(Notes::new(Path::new(&folder)))
    };
    NOTES.get_or_init(begin).as_ref()
}
