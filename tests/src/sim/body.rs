//! A reply's body on the wire: whole, in chunks, or cut short on purpose.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::exchange::Delivery;

/// The bytes still to be sent.
#[derive(Debug)]
pub struct ReplyBody {
    rest: Option<Bytes>,
    announced: u64,
    delivery: Delivery,
    paused: bool,
}

/// The body ended before its announced length, as it was told to.
#[derive(Debug)]
pub struct CutShort;

impl fmt::Display for CutShort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body was cut short on purpose")
    }
}

impl std::error::Error for CutShort {}

impl From<Infallible> for CutShort {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl ReplyBody {
    /// `bytes`, to be sent as `delivery` says.
    pub fn new(bytes: &Bytes, delivery: Delivery) -> Self {
        let announced = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let sent = if delivery == Delivery::Half {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        Self {
            rest: Some(bytes.slice(..sent)),
            announced,
            delivery,
            paused: false,
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = CutShort;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutShort>>> {
        match self.rest.take() {
            Some(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            _ if self.delivery == Delivery::Half && !self.paused => {
                // What is there goes out before the cut, or the client sees no answer at all.
                self.paused = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ if self.delivery == Delivery::Half => Poll::Ready(Some(Err(CutShort))),
            _ => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.announced == 0
    }

    fn size_hint(&self) -> SizeHint {
        match self.delivery {
            Delivery::Whole | Delivery::Half => SizeHint::with_exact(self.announced),
            Delivery::Streamed => SizeHint::default(),
        }
    }
}
