mod cached;
mod model;
mod state;
