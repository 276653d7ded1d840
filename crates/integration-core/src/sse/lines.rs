//! From chunks to lines, whatever the chunks are.

use std::{collections::VecDeque, ops::Range};

use bytes::{Bytes, BytesMut};

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];

/// A line that is longer than the limit, ended or not.
#[derive(Debug)]
pub(super) struct TooLong;

/// A line without its end.
pub(super) struct Line<'a> {
    /// Where its bytes are, and which of them.
    pub(super) source: &'a Bytes,
    pub(super) range: Range<usize>,
    /// Whether a blank line followed, which is then part of this one. One that follows and is not
    /// here comes as a line of its own.
    pub(super) is_last: bool,
}

/// Cuts chunks into lines at CR, LF and CRLF, and takes one BOM off the front.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The chunk that is being read; what is before `at` is done.
    chunk: Bytes,
    at: usize,
    /// Chunks after it, none of them empty.
    queue: VecDeque<Bytes>,
    /// The beginning of a line that no chunk has ended yet; holds no line end.
    carry: BytesMut,
    /// The last line that came in several chunks, kept here to be lent.
    joined: Bytes,
    /// Whether the last line ended in CR, so that an LF that follows belongs to it.
    after_cr: bool,
    /// Bytes of the BOM that were met; all of them once the beginning is over.
    bom: usize,
}

impl Lines {
    pub(super) fn feed(&mut self, chunk: Bytes) {
        if chunk.is_empty() {
            return;
        }
        if self.at == self.chunk.len() && self.queue.is_empty() {
            self.chunk = chunk;
            self.at = 0;
        } else {
            self.queue.push_back(chunk);
        }
    }

    /// Returns the next line that is ended; `None` when another chunk is needed.
    ///
    /// A line that ends in CR is returned at once: waiting for the LF would delay it.
    pub(super) fn next(&mut self, max: usize) -> Result<Option<Line<'_>>, TooLong> {
        loop {
            if self.at == self.chunk.len() && !self.turn() {
                return Ok(None);
            }
            if self.bom < BOM.len() {
                self.skip_bom();
                continue;
            }
            let start = self.at;
            let rest = &self.chunk[start..];
            if std::mem::take(&mut self.after_cr) && rest[0] == b'\n' {
                self.at += 1;
                continue;
            }
            let found = memchr::memchr2(b'\n', b'\r', rest);
            let len = found.unwrap_or(rest.len());
            if len > max.saturating_sub(self.carry.len()) {
                return Err(TooLong);
            }
            if let Some(len) = found {
                let range = start..start + len;
                self.at = range.end;
                self.skip_end();
                let is_last = self.skip_end();
                if self.carry.is_empty() {
                    let source = &self.chunk;
                    return Ok(Some(Line {
                        source,
                        range,
                        is_last,
                    }));
                }
                self.carry.extend_from_slice(&self.chunk[range]);
                return Ok(Some(self.join(is_last)));
            }
            // Freed first, so that its room can be used again.
            self.joined = Bytes::new();
            self.carry.extend_from_slice(rest);
            self.at = self.chunk.len();
        }
    }

    /// Returns the line that the end of the stream leaves without its end.
    pub(super) fn last(&mut self) -> Option<Line<'_>> {
        (!self.carry.is_empty()).then(|| self.join(false))
    }

    /// Whether a line has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        !self.carry.is_empty() || self.at < self.chunk.len() || !self.queue.is_empty()
    }

    /// Skips one line end, if it is there.
    fn skip_end(&mut self) -> bool {
        match self.chunk[self.at..] {
            // The LF would be that of a CRLF, which `next` skips.
            [b'\n', ..] if self.after_cr => return false,
            [b'\r', b'\n', ..] => {
                self.after_cr = false;
                self.at += 2;
            }
            [first @ (b'\n' | b'\r'), ..] => {
                self.after_cr = first == b'\r';
                self.at += 1;
            }
            _ => return false,
        }
        true
    }

    fn join(&mut self, is_last: bool) -> Line<'_> {
        self.joined = self.carry.split().freeze();
        Line {
            source: &self.joined,
            range: 0..self.joined.len(),
            is_last,
        }
    }

    /// Goes on to the next chunk. The last one is let go, so that nothing holds its memory.
    fn turn(&mut self) -> bool {
        let next = self.queue.pop_front();
        let found = next.is_some();
        self.chunk = next.unwrap_or_default();
        self.at = 0;
        found
    }

    fn skip_bom(&mut self) {
        if self.chunk[self.at] == BOM[self.bom] {
            self.at += 1;
            self.bom += 1;
            return;
        }
        // It only began like one.
        self.carry.extend_from_slice(&BOM[..self.bom]);
        self.bom = BOM.len();
    }
}
