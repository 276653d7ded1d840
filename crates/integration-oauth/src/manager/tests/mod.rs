//! The manager as a whole, against a server that rotates, with several processes in one.

mod crashes;
mod ends;
mod flights;
mod model;
mod outages;
mod sweeps;
