mod arithmetic;
mod fleet;
mod link;
mod memory;
