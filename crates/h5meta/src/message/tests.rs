//! Annotated bytes of every message: each field, and what is said of it when it is broken.

mod attribute;
mod datatype;
mod filter_pipeline;
mod layout;
mod link;
mod space_and_fill;
mod where_else;

use super::*;
use crate::error::{Error, Kind};
use crate::object_header::MessageFlags;
use crate::wire::{Address, Width, to_u64};

/// Offsets of four bytes, lengths of eight: a decoder that confuses them fails.
const SIZES: Sizes = Sizes { offsets: Width::new(4).unwrap(), lengths: Width::new(8).unwrap() };

fn sizes(offsets: u8, lengths: u8) -> Sizes {
    Sizes { offsets: Width::new(offsets).unwrap(), lengths: Width::new(lengths).unwrap() }
}

/// The kind of error that decoding ends with.
fn kind<T>(result: Result<T>) -> Kind {
    match result {
        Ok(_) => panic!("decoded"),
        Err(error) => error.kind().clone(),
    }
}

/// `Invalid`, of this value.
fn invalid<T>(result: Result<T>, expected: u64) {
    let kind = kind(result);
    assert!(matches!(kind, Kind::Invalid { value, .. } if value == expected), "{kind:?}");
}

/// `Truncated`, if so.
fn needs(error: &Error) -> Option<u64> {
    error.needs()
}

/// Every prefix of `body` that is shorter than `least` asks for more than it is, and for no more than
/// all of it; the whole decodes.
fn every_shorter_prefix_asks_for_more<T>(
    body: &[u8],
    least: usize,
    decode: impl Fn(&[u8]) -> Result<T>,
) {
    assert!(decode(body).is_ok(), "the whole decodes");
    for end in 0..least {
        let Err(error) = decode(&body[..end]) else { panic!("{end} bytes were enough") };
        let need = needs(&error).unwrap_or_else(|| panic!("{end}: {error}"));
        assert!(need > to_u64(end) && need <= to_u64(body.len()), "{end}: {error}");
    }
    assert!(decode(&body[..least]).is_ok(), "{least} bytes are enough");
}

/// A message as a header has it, decoded by its type.
fn decode(message_type: MessageType, flags: u8, body: &[u8]) -> Result<Message> {
    let raw = RawMessage { message_type, flags: MessageFlags(flags), position: 0, body };
    Message::decode(&raw, SIZES)
}
