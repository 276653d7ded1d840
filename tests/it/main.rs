//! The gateway as a process, on loopback.
