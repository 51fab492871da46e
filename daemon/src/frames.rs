//! Splits a peer's bytes into requests at each NUL, within a bound. A request is
//! handed on in place, not copied, so that wiping it wipes its only copy.

use std::io;

use muster_common::wire::message::REQUEST_MAX;
use tokio_util::bytes::{Buf, BytesMut};
use tokio_util::codec::Decoder;

/// The decoder of requests.
#[derive(Debug, Default)]
pub struct Frames {
    /// How much of the buffer is known to hold no NUL.
    searched: usize,
}

impl Decoder for Frames {
    type Item = BytesMut;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<BytesMut>> {
        let unseen = buffer.get(self.searched..).unwrap_or_default();
        let end = unseen
            .iter()
            .position(|&byte| byte == 0)
            .map(|at| self.searched + at);
        match end {
            Some(end) if end < REQUEST_MAX => {
                self.searched = 0;
                let frame = buffer.split_to(end);
                buffer.advance(1);
                Ok(Some(frame))
            }
            None if buffer.len() < REQUEST_MAX => {
                self.searched = buffer.len();
                Ok(None)
            }
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a request beyond its bound",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(input: &[u8]) -> (Vec<Vec<u8>>, Result<(), io::ErrorKind>) {
        let (mut frames, mut buffer, mut found) = (Frames::default(), BytesMut::new(), Vec::new());
        for byte in input {
            buffer.extend_from_slice(&[*byte]);
            match frames.decode(&mut buffer) {
                Ok(frame) => found.extend(frame.map(|frame| frame.to_vec())),
                Err(error) => return (found, Err(error.kind())),
            }
        }
        (found, Ok(()))
    }

    #[test]
    fn requests_are_split_at_each_nul_however_the_bytes_arrive() {
        let (found, end) = all(b"{}\0{\"a\":1}\0\0half");
        assert_eq!(found, [b"{}".to_vec(), b"{\"a\":1}".to_vec(), b"".to_vec()]);
        assert!(end.is_ok());
    }

    #[test]
    fn a_request_without_end_is_an_error_at_its_bound() {
        let (found, end) = all(&vec![b'['; REQUEST_MAX]);
        assert!(found.is_empty());
        assert_eq!(end, Err(io::ErrorKind::InvalidData));
        let (found, end) = all(&[vec![b' '; REQUEST_MAX - 1], vec![0]].concat());
        assert_eq!(found.len(), 1);
        assert!(end.is_ok());
    }

    #[test]
    fn wiping_a_request_wipes_the_bytes_that_arrived() {
        use zeroize::Zeroize;
        let mut buffer = BytesMut::from(&b"secret\0"[..]);
        let place = buffer.as_ptr();
        let mut frame = Frames::default().decode(&mut buffer).unwrap().unwrap();
        assert_eq!(
            frame.as_ptr(),
            place,
            "the request is where the bytes arrived"
        );
        frame.zeroize();
        assert!(frame.iter().all(|&byte| byte == 0));
    }
}
