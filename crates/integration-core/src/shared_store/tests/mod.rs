mod arithmetic;
mod fleet;
mod link;
mod memory;
mod moody;
mod storm;
