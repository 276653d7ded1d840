//! The program: see the crate's documentation.

use std::process::ExitCode;

// Requests are many small allocations that end on another thread than they began.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    integration_gateway::cli::run()
}
