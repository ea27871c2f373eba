//! Reading bodies of requests. A body takes many times its size once it is decoded, so that of large ones only some are in
//! memory at once. Which body is large shows only as it arrives: one that merely could become large, or that arrives
//! slowly, keeps nobody waiting.

use crate::parameters::body_object;
use crate::refusal::FrontRefusal;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Body;
use serde_json::{Map, Value};
use std::pin::{Pin, pin};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bytes of a body at most.
const MAX_BODY: usize = 1 << 20;

/// Bytes of a page's form at most. The answer may be many times as large: it shows what was typed again, written down in
/// several languages. A list of a thousand ids has 40 KB, and the longest text 20.
pub(crate) const MAX_FORM: usize = 256 << 10;

/// Bytes of a body that are read at most before the connection of a client that sends too much is given up.
const MAX_DISCARDED: usize = 16 << 20;

/// Bytes up to here are read without asking; for more a body needs a place.
const SMALL_BODY: usize = 64 << 10;

/// Large bodies in memory at once.
const LARGE_BODIES: usize = 8;

/// How long a client may take to send the small part of a body, and again for the rest.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Reads bodies.
#[derive(Debug)]
pub(crate) struct RequestBodies {
    places: Semaphore,
    timeout: Duration,
}

/// What has arrived of a body.
struct Arrived {
    /// Bytes that are kept at most.
    most: usize,
    bytes: Vec<u8>,
    /// Their number, those included that were not kept.
    count: usize,
}

impl RequestBodies {
    /// A reader of all bodies of a server.
    pub(crate) const fn new() -> Self {
        Self::with(LARGE_BODIES, TIMEOUT)
    }

    const fn with(places: usize, timeout: Duration) -> Self {
        Self { places: Semaphore::const_new(places), timeout }
    }

    /// The body as an object. Some is read whatever the method: what is no JSON is refused everywhere.
    pub(crate) async fn read<R>(&self, body: R) -> Result<Option<Map<String, Value>>, FrontRefusal>
    where
        R: Body<Data = Bytes> + Send,
    {
        if body.is_end_stream() {
            return Ok(None);
        }
        body_object(&self.read_bytes(body, MAX_BODY).await?)
    }

    /// The body as it is; it has at most so many bytes.
    pub(crate) async fn read_bytes<R>(&self, body: R, most: usize) -> Result<Vec<u8>, FrontRefusal>
    where
        R: Body<Data = Bytes> + Send,
    {
        let (mut body, mut arrived) = (pin!(body), Arrived { most, bytes: Vec::new(), count: 0 });
        let has_ended = self.read_beyond(SMALL_BODY, body.as_mut(), &mut arrived).await?;
        // Whoever waits here has sent its share already: the wait is not its fault and counts for no timeout.
        let _place = if has_ended { None } else { self.places.acquire().await.ok() };
        if !has_ended {
            // What is too much is still read for a while: a client that is cut off while it sends sees a broken
            // connection and not the answer.
            self.read_beyond(MAX_DISCARDED, body, &mut arrived).await?;
        }
        if arrived.count > most {
            let text = format!("the body has more than {most} bytes");
            return Err(FrontRefusal { status: StatusCode::PAYLOAD_TOO_LARGE, text, allow: None });
        }
        Ok(arrived.bytes)
    }

    /// Reads until more than `limit` bytes have arrived, or the body has ended: then true.
    async fn read_beyond<R>(
        &self,
        limit: usize,
        mut body: Pin<&mut R>,
        arrived: &mut Arrived,
    ) -> Result<bool, FrontRefusal>
    where
        R: Body<Data = Bytes>,
    {
        let read = async {
            while arrived.count <= limit {
                let Some(frame) = body.frame().await else { return Ok(true) };
                let frame = frame.map_err(|_| FrontRefusal::bad_request("the body could not be read"))?;
                let data = frame.into_data().unwrap_or_default();
                arrived.count = arrived.count.saturating_add(data.len());
                if arrived.count <= arrived.most {
                    arrived.bytes.extend_from_slice(&data);
                }
            }
            Ok(false)
        };
        let late = || FrontRefusal {
            status: StatusCode::REQUEST_TIMEOUT,
            text: "the body took too long to arrive".to_owned(),
            allow: None,
        };
        tokio::time::timeout(self.timeout, read).await.map_err(|_| late())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream::{self, Stream, StreamExt};
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use std::convert::Infallible;

    type Piece = Result<Frame<Bytes>, Infallible>;

    /// A body that sends an object of this size and then hangs, or ends.
    fn body(size: usize, hangs: bool) -> StreamBody<impl Stream<Item = Piece> + Send> {
        let text = format!("{{{}}}", " ".repeat(size - 2));
        let pieces: Vec<Piece> =
            text.as_bytes().chunks(1000).map(|piece| Ok(Frame::data(Bytes::copy_from_slice(piece)))).collect();
        let rest = if hangs { stream::pending().boxed() } else { stream::empty().boxed() };
        StreamBody::new(stream::iter(pieces).chain(rest))
    }

    fn status(read: &Result<Option<Map<String, Value>>, FrontRefusal>) -> u16 {
        read.as_ref().map_or_else(|refusal| refusal.status.as_u16(), |_| 200)
    }

    #[tokio::test]
    async fn a_slow_body_takes_no_place_until_it_is_large() {
        let bodies = RequestBodies::with(1, Duration::from_mins(5));
        let slow = bodies.read(body(SMALL_BODY, true));
        let read = tokio::select! {
            biased;
            _ = slow => panic!("a body that hangs was read"),
            read = bodies.read(body(MAX_BODY, false)) => read,
        };
        assert_eq!(status(&read), 200);
    }

    #[tokio::test]
    async fn waiting_for_a_place_is_not_part_of_the_timeout() {
        let bodies = RequestBodies::with(1, Duration::from_millis(20));
        let hanging = || bodies.read(body(SMALL_BODY + 1, true));
        // They get their places in this order: the last one has waited for three timeouts.
        let (first, second, third, last) =
            tokio::join!(hanging(), hanging(), hanging(), bodies.read(body(MAX_BODY, false)));
        assert_eq!([&first, &second, &third, &last].map(status), [408, 408, 408, 200]);
    }

    #[tokio::test]
    async fn a_body_is_too_large_by_one_byte_and_too_slow_when_it_never_ends() {
        let bodies = RequestBodies::with(1, Duration::from_millis(20));
        assert_eq!(status(&bodies.read(body(MAX_BODY, false)).await), 200);
        assert_eq!(status(&bodies.read(body(MAX_BODY + 1, false)).await), 413);
        assert_eq!(status(&bodies.read(body(MAX_DISCARDED + 1, true)).await), 413);
        assert_eq!(status(&bodies.read(body(10, true)).await), 408);
    }
}
