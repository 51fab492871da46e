//! Frames: one JSON object and a NUL. Encodes into buffers that are wiped,
//! decodes with a bound, and carries secrets as base64 without leaving copies.
//!
//! Both ends use it: the client on its own, the broker behind a codec that
//! splits the stream at NULs. It must not know about sockets.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::secret::{Secret, SecretError};
use crate::wire::message::{
    Answer, Call, ErrorParameters, Password, REPLY_MAX, REQUEST_MAX, Reply, Request, SessionToken,
};

/// A frame ready to be sent, its NUL included; wiped when dropped, since it may hold a secret.
pub type Frame = Zeroizing<Vec<u8>>;

/// Why a frame cannot be made or read. The sender of such a frame cannot be believed.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Longer than its bound.
    #[error("a frame of more than {most} bytes")]
    TooLong {
        /// The bound.
        most: usize,
    },
    /// Not JSON, or not the JSON that is wanted here.
    #[error("a frame that is not what was agreed on")]
    NotAgreed(#[source] serde_json::Error),
}

/// Why what an [`Answer`] carries cannot be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not base64, or longer than any secret.
    #[error("the answer is not base64 of a secret's length")]
    NotBase64,
    /// What was typed cannot be a secret: the login is refused.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// What a request asks for, before its parameters are read: the broker
/// decides by it who may ask and what type the parameters have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Head {
    /// `interface.Method`.
    pub method: String,
    /// Whether several replies are wanted.
    #[serde(default)]
    pub more: bool,
    /// Whether no reply is wanted.
    #[serde(default)]
    pub oneway: bool,
    /// Whether the connection is to change its protocol: we never do.
    #[serde(default)]
    pub upgrade: bool,
}

/// The frame of a call; `more` asks for a stream of replies.
pub fn encode_call<C: Call>(call: &C, more: bool) -> Result<Frame, CodecError> {
    let request = Request {
        method: C::METHOD.to_owned(),
        parameters: call,
        more,
    };
    encode(&request, REQUEST_MAX)
}

/// The frame of a reply; `continues` says that more replies to this call follow.
pub fn encode_reply<P: Serialize>(parameters: &P, continues: bool) -> Result<Frame, CodecError> {
    let reply = Reply {
        error: None,
        parameters: Some(parameters),
        continues,
    };
    encode(&reply, REPLY_MAX)
}

/// The frame of an error (`message::error`), with a reason for the log where there is one.
pub fn encode_error(name: &str, reason: Option<&str>) -> Result<Frame, CodecError> {
    let reply = Reply {
        error: Some(name.to_owned()),
        parameters: Some(ErrorParameters {
            reason: reason.map(str::to_owned),
        }),
        continues: false,
    };
    encode(&reply, REPLY_MAX)
}

/// What a request (without its NUL) asks for.
pub fn decode_head(frame: &[u8]) -> Result<Head, CodecError> {
    decode(frame, REQUEST_MAX)
}

/// A request's parameters. Left out, they are those of a call without any.
pub fn decode_parameters<C: Call>(frame: &[u8]) -> Result<C, CodecError> {
    let holder: Parameters<C> = decode(frame, REQUEST_MAX)?;
    match holder.parameters {
        Some(parameters) => Ok(parameters),
        None => decode(b"{}", REQUEST_MAX),
    }
}

/// A request that is not one of ours: Varlink's own introspection.
pub fn decode_foreign<T: DeserializeOwned>(frame: &[u8]) -> Result<T, CodecError> {
    decode(frame, REQUEST_MAX)
}

/// A reply to a call of `P`'s, without its NUL. An error's parameters are not
/// of the type that was asked for, so the error is looked at first.
pub fn decode_reply<P: DeserializeOwned>(frame: &[u8]) -> Result<Reply<P>, CodecError> {
    let outline: Reply<IgnoredAny> = decode(frame, REPLY_MAX)?;
    if outline.error.is_some() {
        return Ok(Reply {
            error: outline.error,
            parameters: None,
            continues: false,
        });
    }
    decode(frame, REPLY_MAX)
}

/// The reason that an error's reply gives, if it gives one.
pub fn error_reason(frame: &[u8]) -> Option<String> {
    let reply: Reply<ErrorParameters> = decode(frame, REPLY_MAX).ok()?;
    reply.parameters?.reason
}

#[derive(Deserialize)]
struct Parameters<C> {
    parameters: Option<C>,
}

fn encode<T: Serialize>(message: &T, most: usize) -> Result<Frame, CodecError> {
    let mut frame = WipedBuffer {
        bytes: Zeroizing::new(Vec::new()),
        most,
    };
    match serde_json::to_writer(&mut frame, message) {
        Ok(()) => {}
        Err(error) if error.is_io() => return Err(CodecError::TooLong { most }),
        Err(error) => return Err(CodecError::NotAgreed(error)),
    }
    match frame.append(&[0]) {
        Ok(()) => Ok(frame.bytes),
        Err(Full) => Err(CodecError::TooLong { most }),
    }
}

/// serde_json stops at 128 levels, so brackets without end are an error and not an overflow.
fn decode<T: DeserializeOwned>(frame: &[u8], most: usize) -> Result<T, CodecError> {
    if frame.len() >= most {
        return Err(CodecError::TooLong { most });
    }
    serde_json::from_slice(frame).map_err(CodecError::NotAgreed)
}

/// A buffer that wipes what it leaves behind when it grows, as `Vec` alone would not.
struct WipedBuffer {
    bytes: Zeroizing<Vec<u8>>,
    most: usize,
}

/// The buffer's bound is reached.
struct Full;

impl WipedBuffer {
    fn append(&mut self, more: &[u8]) -> Result<(), Full> {
        let wanted = self.bytes.len().saturating_add(more.len());
        if wanted > self.most {
            return Err(Full);
        }
        if wanted > self.bytes.capacity() {
            let roomy = wanted.saturating_mul(2).max(256);
            let mut larger = Zeroizing::new(Vec::with_capacity(roomy));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

impl io::Write for WipedBuffer {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        match self.append(more) {
            Ok(()) => Ok(more.len()),
            Err(Full) => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Answer {
    /// The answer that carries `secret`.
    pub fn of(secret: &Secret) -> Self {
        Self {
            secret: carried(secret),
        }
    }

    /// What was typed.
    pub fn open(&self) -> Result<Secret, AnswerError> {
        opened(&self.secret)
    }
}

impl Password {
    /// The password, fit to be carried.
    pub fn of(typed: &Secret) -> Self {
        Self(carried(typed))
    }

    /// What was typed.
    pub fn open(&self) -> Result<Secret, AnswerError> {
        opened(&self.0)
    }
}

impl SessionToken {
    /// The token, fit to be carried.
    pub fn of(token: &Secret) -> Self {
        Self(carried(token))
    }

    /// The token.
    pub fn open(&self) -> Result<Secret, AnswerError> {
        opened(&self.0)
    }
}

/// A secret as base64, in a buffer that is wiped.
fn carried(secret: &Secret) -> Zeroizing<String> {
    let plain = secret.expose();
    let length = plain.len().div_ceil(3).saturating_mul(4);
    let mut text = Zeroizing::new(vec![0; length]);
    // The length is exact, so neither step can fail; an empty secret would be refused.
    let written = STANDARD.encode_slice(plain, &mut text).unwrap_or(0);
    text.truncate(written);
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default())
}

fn opened(text: &str) -> Result<Secret, AnswerError> {
    let mut plain = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    match STANDARD.decode_slice(text.as_bytes(), &mut plain) {
        Ok(length) => Ok(Secret::typed(plain.get(..length).unwrap_or_default())?),
        Err(_) => Err(AnswerError::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::message::{Begin, GetUser, Outcome, Status, Step, UserReply, error};

    fn body(frame: &Frame) -> &[u8] {
        frame.strip_suffix(&[0]).unwrap()
    }

    #[test]
    fn the_bytes_of_a_login_are_those_of_the_document() {
        let begin = Begin {
            service: "sshd".into(),
            user: "ada".into(),
            tty: Some("ssh".into()),
            remote_host: None,
            calling_uid: 0,
        };
        let frame = encode_call(&begin, true).unwrap();
        assert_eq!(
            frame.as_slice(),
            b"{\"method\":\"org.muster1.Login.Begin\",\"parameters\":{\"service\":\"sshd\",\"user\":\"ada\",\"tty\":\"ssh\",\"calling_uid\":0},\"more\":true}\0"
        );
        let check = |step: &Step, continues, expected: &str| {
            let frame = encode_reply(step, continues).unwrap();
            assert_eq!(std::str::from_utf8(body(&frame)).unwrap(), expected);
            let back: Reply<Step> = decode_reply(body(&frame)).unwrap();
            assert_eq!(
                (back.parameters.as_ref(), back.continues),
                (Some(step), continues)
            );
        };
        check(
            &Step::Working,
            true,
            r#"{"parameters":{"kind":"working"},"continues":true}"#,
        );
        check(
            &Step::Prompt {
                text: "Password: ".into(),
                echo: false,
            },
            false,
            r#"{"parameters":{"kind":"prompt","text":"Password: ","echo":false}}"#,
        );
        check(
            &Step::Verdict {
                outcome: Outcome::GrantedOffline,
                message: None,
            },
            false,
            r#"{"parameters":{"kind":"verdict","outcome":"granted_offline"}}"#,
        );
    }

    #[test]
    fn a_request_is_read_in_two_looks_and_strictly() {
        let frame = encode_call(
            &GetUser {
                name: Some("ada".into()),
                uid: None,
            },
            false,
        )
        .unwrap();
        let head = decode_head(body(&frame)).unwrap();
        assert_eq!(head.method, GetUser::METHOD);
        assert!(!head.more && !head.oneway && !head.upgrade);
        let call: GetUser = decode_parameters(body(&frame)).unwrap();
        assert_eq!(call.name.as_deref(), Some("ada"));
        let unknown_key = br#"{"method":"org.muster1.Names.GetUser","parameters":{"nam":"ada"}}"#;
        assert!(decode_parameters::<GetUser>(unknown_key).is_err());
    }

    #[test]
    fn parameters_may_be_left_out_where_there_are_none() {
        assert!(decode_parameters::<Status>(br#"{"method":"org.muster1.Admin.Status"}"#).is_ok());
        assert!(decode_parameters::<Begin>(br#"{"method":"org.muster1.Login.Begin"}"#).is_err());
    }

    #[test]
    fn an_error_is_read_whatever_reply_was_expected() {
        let frame = encode_error(error::UNAVAILABLE, Some("no snapshot yet")).unwrap();
        let reply: Reply<UserReply> = decode_reply(body(&frame)).unwrap();
        assert_eq!(reply.error.as_deref(), Some(error::UNAVAILABLE));
        assert_eq!(
            error_reason(body(&frame)).as_deref(),
            Some("no snapshot yet")
        );
        let foreign =
            br#"{"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"uid"}}"#;
        assert!(decode_reply::<UserReply>(foreign).unwrap().error.is_some());
        assert_eq!(error_reason(foreign), None);
    }

    #[test]
    fn hostile_frames_are_errors_and_nothing_more() {
        let brackets = vec![b'['; 200_000];
        assert!(decode_reply::<Step>(&brackets).is_err());
        let nested = [
            br#"{"parameters":"#.as_slice(),
            &brackets,
            &vec![b']'; 200_000],
            b"}",
        ]
        .concat();
        assert!(decode_reply::<Step>(&nested).is_err());
        assert!(decode_head(&brackets[..REQUEST_MAX - 1]).is_err());
        for half in [
            &b""[..],
            b"{",
            br#"{"method":"org.muster1"#,
            b"null",
            b"\xff\xfe",
            b"{} {}",
        ] {
            assert!(decode_head(half).is_err(), "{half:?}");
            assert!(decode_parameters::<Begin>(half).is_err(), "{half:?}");
        }
    }

    #[test]
    fn a_frame_beyond_its_bound_is_neither_made_nor_read() {
        let call = GetUser {
            name: Some("a".repeat(REQUEST_MAX)),
            uid: None,
        };
        assert!(matches!(
            encode_call(&call, false),
            Err(CodecError::TooLong { most: REQUEST_MAX })
        ));
        let long = vec![b' '; REQUEST_MAX];
        assert!(matches!(
            decode_head(&long),
            Err(CodecError::TooLong { most: REQUEST_MAX })
        ));
    }

    #[test]
    fn a_secret_travels_whole_whatever_its_bytes() {
        for length in [1, 2, 3, 4, 57, 511, 512] {
            let typed: Vec<u8> = (0..length)
                .map(|i| u8::try_from(i % 255 + 1).unwrap())
                .collect();
            let answer = Answer::of(&Secret::typed(&typed).unwrap());
            let frame = encode_call(&answer, true).unwrap();
            let arrived: Answer = decode_parameters(body(&frame)).unwrap();
            assert_eq!(arrived.open().unwrap().expose(), typed);
        }
    }

    #[test]
    fn an_answer_that_cannot_be_a_secret_is_refused() {
        let check = |text: &str, expected: AnswerError| {
            let answer = Answer {
                secret: Zeroizing::new(text.into()),
            };
            assert_eq!(answer.open().err(), Some(expected), "{text:?}");
        };
        check("", AnswerError::Secret(SecretError::Empty));
        check("AA==", AnswerError::Secret(SecretError::Nul));
        check(
            "CAoNf0k=",
            AnswerError::Secret(SecretError::SshdPlaceholder),
        );
        check("?", AnswerError::NotBase64);
        check("YQ", AnswerError::NotBase64);
        check(
            &"YWFh".repeat(200),
            AnswerError::Secret(SecretError::TooLong),
        );
    }
}
