//! Secrets as JSON, without copies left in memory.

use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

/// Bytes that most records need no more than.
const ROOM: usize = 4096;

/// Writes JSON into a buffer that is cleared in the end, and whenever it was outgrown.
pub(crate) fn to_json(value: &impl Serialize) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Clearing(Zeroizing::new(Vec::with_capacity(ROOM)));
    serde_json::to_writer(&mut bytes, value)?;
    Ok(bytes.0)
}

struct Clearing(Zeroizing<Vec<u8>>);

impl io::Write for Clearing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed * 2));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
