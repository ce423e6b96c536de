//! A message of any type is decoded or refused: the first byte is its type, the second its flags, the
//! third the widths.

#![no_main]

use h5meta::message::Message;
use h5meta::object_header::{MessageFlags, MessageType, RawMessage};
use h5meta_fuzz::{asks_for_more, sizes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [message_type, flags, widths, body @ ..] = input else { return };
    let message_type = MessageType((message_type % 0x1a).into());
    let raw = RawMessage { message_type, flags: MessageFlags(*flags), position: 0, body };
    asks_for_more(body, &Message::decode(&raw, sizes(*widths)));
});
