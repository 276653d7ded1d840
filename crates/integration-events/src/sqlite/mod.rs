//! The embedded store: one SQLite file, one writer, group commit.
//!
//! One connection writes, and one thread works with it. Commands reach it over a bounded channel; it
//! takes everything that waits, runs it in one transaction, and answers when the commit is on disk.
//! There is no timer: the batch is whoever arrived during the last commit, so an idle store commits
//! at once and a busy one shares each fsync among hundreds. A failed commit answers all of its
//! batch with an error, acknowledges nothing, and opens the connection anew, because what SQLite
//! has in memory after an I/O error proves nothing about the disk.
//!
//! Only a promise waits for the disk: an append, a replay, a drop, a removal. Claims and settlements
//! are committed without a sync of their own. The death of the process does not touch them; a power
//! cut may undo the latest, and then a delivery is made again, which its id was made for. As they
//! wait for nothing, a small one is carried out in the thread of its caller while the writer has
//! nothing to do: to wake that thread and be woken by it takes longer than the work.
//!
//! A second thread copies the write-ahead log into the file. Commits go on meanwhile; they wait for
//! the last of it, and for all of it once the log is twice as long as it should be.
//!
//! What keeps the writer cheap, and where this differs from the obvious schema:
//! - A delivery's number is its event's number times 256 plus its place, so the two tables join
//!   without an index, and an append touches one random b-tree (the id) and otherwise the ends.
//! - A delivery's one time `at` is when it is due, when its lease ends, or when it finished; the
//!   indexes over it are partial, so what is finished is in none of them and depth costs log n.
//! - Counts by route and state are kept as rows, updated once per transaction, not per event.
//! - An attempt that was lost with its worker is counted in `lost`, not in `attempts`, so a restart
//!   never uses up the attempts of what happened to be in flight.
//!
//! Times are wall time in milliseconds. The fencing token of a lease is the number of claims of its
//! delivery: it only grows, so of two workers the later one always has the greater token.

mod append;
mod claim;
mod config;
mod counts;
mod failure;
mod headers;
mod known;
mod log;
mod order;
mod prune;
mod read;
mod replay;
mod rows;
mod schema;
mod settle;
mod store;
mod writer;

pub use self::{
    config::SqliteConfig,
    schema::{APPLICATION_ID, SCHEMA_VERSION},
    store::SqliteStore,
};
