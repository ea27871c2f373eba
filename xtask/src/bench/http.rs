//! HTTP/1.1 with as little between the caller and the socket as can be: its time is compared with a bare fsync.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Longest head of an answer.
const MAX_HEAD: usize = 64 << 10;
/// Longer than any answer takes: a server that says nothing must not hang the bench.
const PATIENCE: Duration = Duration::from_mins(10);

/// A connection that nobody has used for so long is opened anew: the server closes such ones.
const IDLE: Duration = Duration::from_secs(30);

/// A kept-alive connection; its buffer is reused.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
    used: Instant,
}

/// An answer: its status, and its body in the connection's buffer.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, address, buffer: vec![0; 256 << 10], used: Instant::now() })
    }

    /// The bytes of a request, made beforehand where it is sent often.
    pub(crate) fn encode(&self, method: &str, path: &str, session: Option<&str>, body: &str) -> Vec<u8> {
        let session = session.map(|uuid| format!("Authorization: OAuth {uuid}\r\n")).unwrap_or_default();
        self.encode_with(method, path, &format!("{session}Content-Type: application/json\r\n"), body)
    }

    /// The same with these lines in its head, each with its end.
    pub(crate) fn encode_with(&self, method: &str, path: &str, lines: &str, body: &str) -> Vec<u8> {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{lines}Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .into_bytes()
    }

    /// Sends a request and reads all of its answer.
    pub(crate) fn send(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        if self.used.elapsed() > IDLE {
            *self = Self::open(self.address)?;
        }
        self.stream.write_all(request).context("send a request")?;
        let head = self.read_head()?;
        self.used = Instant::now();
        let end = head.body_at.checked_add(usize::try_from(head.content_length)?).context("length of the answer")?;
        if end > self.buffer.len() {
            self.buffer.resize(end, 0);
        }
        let rest = self.buffer.get_mut(head.filled..end).context("more bytes than the answer has")?;
        self.stream.read_exact(rest).context("read an answer")?;
        let (before, body) = self.buffer.get(..end).unwrap_or_default().split_at(head.body_at);
        Ok(Answer { status: head.status, head: before, body })
    }

    /// Reads the answer of a GET to its end and throws it away; gives its length.
    pub(crate) fn discard(&mut self, request: &[u8]) -> Result<u64> {
        self.stream.write_all(request).context("send a request")?;
        let head = self.read_head()?;
        if head.status != 200 {
            bail!("the download answered {}", head.status);
        }
        let mut left = head.content_length - (head.filled - head.body_at) as u64;
        while left > 0 {
            match self.stream.read(&mut self.buffer).context("read a download")? {
                0 => bail!("the download ended {left} bytes early"),
                some => left = left.checked_sub(some as u64).context("the download is longer than it said")?,
            }
        }
        Ok(head.content_length)
    }

    /// Reads until the head is complete; the buffer then holds it and perhaps some of the body.
    fn read_head(&mut self) -> Result<Head> {
        let mut filled = 0;
        loop {
            let free = self.buffer.get_mut(filled..MAX_HEAD).context("the head of the answer is too long")?;
            match self.stream.read(free).context("read an answer")? {
                0 => bail!("the server closed the connection"),
                some => filled += some,
            }
            let so_far = self.buffer.get(..filled).unwrap_or_default();
            if let Some(at) = so_far.windows(4).position(|window| window == b"\r\n\r\n") {
                return Head::parse(so_far.get(..at).unwrap_or_default(), at + 4, filled);
            }
        }
    }
}

/// What the head of an answer says.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    content_length: u64,
    /// Bytes up to the body.
    body_at: usize,
    /// Bytes in the buffer.
    filled: usize,
}

impl Head {
    fn parse(head: &[u8], body_at: usize, filled: usize) -> Result<Self> {
        let text = std::str::from_utf8(head).context("the head of the answer")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("the answer has no status")?;
        let status = status.parse().with_context(|| format!("status {status}"))?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .with_context(|| format!("an answer without Content-Length: {text}"))?;
        Ok(Self { status, content_length: length.1.trim().parse()?, body_at, filled })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_gives_status_and_length() {
        let head = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 17\r\nServer: x";
        let expected = Head { status: 503, content_length: 17, body_at: 70, filled: 80 };
        assert_eq!(Head::parse(head, 70, 80).unwrap(), expected);
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\nServer: x", 30, 30).is_err());
    }
}
