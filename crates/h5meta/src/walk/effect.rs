//! What is lost with a message.

use crate::model::Effect;
use crate::object_header::MessageType;

/// What is lost with a message that cannot be read.
pub(super) fn effect_of(message_type: MessageType) -> Effect {
    match message_type {
        MessageType::DATASPACE | MessageType::DATATYPE => Effect::Data,
        // What was never written reads as it.
        MessageType::FILL_VALUE | MessageType::FILL_VALUE_OLD => Effect::Data,
        MessageType::LAYOUT | MessageType::FILTER_PIPELINE | MessageType::EXTERNAL_FILES => {
            Effect::Data
        }
        MessageType::LINK | MessageType::LINK_INFO | MessageType::SYMBOL_TABLE => Effect::Links,
        MessageType::ATTRIBUTE | MessageType::ATTRIBUTE_INFO => Effect::Attribute(String::new()),
        MessageType::CONTINUATION => Effect::Object,
        _ => Effect::Detail,
    }
}
