//! The bars, as ratios of figures from one run.

use crate::stats::Series;

/// What the bars are about.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Durable accepts over requests of bare axum with HMAC, at 64 connections.
    pub(crate) share: Series,
    /// Group commit over commit per event, where an fsync costs one millisecond more.
    pub(crate) batching: Option<Series>,
    pub(crate) cpu_us: Series,
    pub(crate) start_ms: Series,
    pub(crate) peak_mb: f64,
    pub(crate) program_mb: f64,
}

/// Prints one line a bar: what, the figure, the bar, PASS or miss.
pub(crate) fn print(figures: &Figures) {
    println!("| bar | measured | wanted | |");
    println!("|---|---|---|---|");
    at_least("durable accept over bare axum + HMAC", &figures.share, 0.5);
    match &figures.batching {
        Some(times) => at_least(
            "group commit over commit per event, fsync + 1 ms",
            times,
            20.0,
        ),
        None => println!(
            "| group commit over commit per event, fsync + 1 ms | - | at least 20 | skipped |"
        ),
    }
    at_most("CPU µs a request", &figures.cpu_us, 20.0);
    at_most("start, ms", &figures.start_ms, 100.0);
    at_most("peak memory, MB", &one(figures.peak_mb), 80.0);
    at_most("program, MB", &one(figures.program_mb), 25.0);
}

fn one(value: f64) -> Series {
    let mut series = Series::default();
    series.push(value);
    series
}

fn at_least(what: &str, measured: &Series, bar: f64) {
    line(
        what,
        measured,
        &format!("at least {bar}"),
        measured.median() >= bar,
    );
}

fn at_most(what: &str, measured: &Series, bar: f64) {
    line(
        what,
        measured,
        &format!("at most {bar}"),
        measured.median() <= bar,
    );
}

fn line(what: &str, measured: &Series, bar: &str, is_met: bool) {
    let verdict = if is_met { "PASS" } else { "miss" };
    println!("| {what} | {measured} | {bar} | {verdict} |");
}
