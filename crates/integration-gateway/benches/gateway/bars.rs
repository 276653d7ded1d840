//! The bars, as ratios of figures from one run.

/// What the bars are about.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Durable accepts a second at 64 connections.
    pub(crate) accept: f64,
    /// Requests a second of bare axum with HMAC at 64 connections.
    pub(crate) bare_hmac: f64,
    /// Accepts a second with a slow fsync: per event, group commit.
    pub(crate) slow: Option<[f64; 2]>,
    pub(crate) cpu_us: f64,
    pub(crate) peak_mb: f64,
    pub(crate) program_mb: f64,
    pub(crate) start_ms: f64,
}

/// Prints one line a bar: what, the figure, the bar, PASS or miss.
pub(crate) fn print(figures: &Figures) {
    println!("| bar | measured | wanted | |");
    println!("|---|---|---|---|");
    let share = 100.0 * figures.accept / figures.bare_hmac;
    at_least("durable accept, % of bare axum + HMAC", share, 50.0);
    match figures.slow {
        Some([event, group]) => at_least(
            "group commit, times per event at fsync + 1 ms",
            group / event,
            20.0,
        ),
        None => println!("| group commit at fsync + 1 ms | - | 20 | skipped |"),
    }
    at_most("CPU µs a request", figures.cpu_us, 20.0);
    at_most("peak memory, MB", figures.peak_mb, 80.0);
    at_most("program, MB", figures.program_mb, 25.0);
    at_most("start, ms", figures.start_ms, 100.0);
}

fn at_least(what: &str, measured: f64, bar: f64) {
    line(what, measured, &format!("at least {bar}"), measured >= bar);
}

fn at_most(what: &str, measured: f64, bar: f64) {
    line(what, measured, &format!("at most {bar}"), measured <= bar);
}

fn line(what: &str, measured: f64, bar: &str, is_met: bool) {
    let verdict = if is_met { "PASS" } else { "miss" };
    println!("| {what} | {measured:.1} | {bar} | {verdict} |");
}
