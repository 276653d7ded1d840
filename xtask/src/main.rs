//! Every check and generator of the workspace.
fn main() {}
