//! Splits a stream of bytes into lines, one watch event each.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use kube::client::Body;

use super::TransportError;

/// More than any object that etcd stores, by an order of magnitude; a longer line is not an event.
const MAX_LINE: usize = 32 << 20;

/// Lines of an answer that is still arriving.
pub(crate) struct Lines {
    body: Body,
    idle: Duration,
    buffer: BytesMut,
    /// Up to where the buffer is known to hold no line end.
    scanned: usize,
}

impl Lines {
    pub(crate) fn new(body: Body, idle: Duration) -> Self {
        Self { body, idle, buffer: BytesMut::new(), scanned: 0 }
    }

    /// The next whole line; `None` when the stream has ended. A half line at the end is dropped: its event comes
    /// again when the watch is resumed.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            if let Some(line) = self.take_line() {
                return Ok(Some(line));
            }
            if self.buffer.len() > MAX_LINE {
                return Err(TransportError::Body("a line is longer than any object".into()));
            }
            let frame = tokio::time::timeout(self.idle, self.body.frame()).await;
            match frame.map_err(|_| TransportError::Timeout(self.idle))? {
                None => return Ok(None),
                Some(Err(error)) => return Err(TransportError::Body(error.into())),
                Some(Ok(frame)) => frame.into_data().iter().for_each(|data| self.buffer.extend_from_slice(data)),
            }
        }
    }

    fn take_line(&mut self) -> Option<Bytes> {
        let Some(end) = self.buffer[self.scanned..].iter().position(|b| *b == b'\n') else {
            self.scanned = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.scanned + end + 1).freeze();
        self.scanned = 0;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &'static [&'static str]) -> Lines {
        Lines::new(Body::from(chunks.concat().into_bytes()), Duration::from_secs(1))
    }

    #[tokio::test]
    async fn whole_lines_come_out_and_a_half_line_at_the_end_is_dropped() {
        let mut lines = lines(&["{\"a\"", ":1}\n{}\n", "\n{\"half"]);
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.expect("line") {
            seen.push(String::from_utf8_lossy(&line).into_owned());
        }
        assert_eq!(seen, ["{\"a\":1}\n", "{}\n", "\n"]);
    }
}
