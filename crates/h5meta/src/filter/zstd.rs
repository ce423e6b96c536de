//! Zstandard: frames of RFC 8878.

use std::io::{Read as _, Write};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::bytes::{array, take};
use super::{Failure, MORE, Result};
use crate::wire::{to_u64, to_usize};

/// The bit of the frame header descriptor that says that the content is the window.
const SINGLE_SEGMENT: u8 = 1 << 5;

const NOT_ITS: Failure = Failure::Invalid("bytes that are no Zstandard frame");

/// All frames, one after the other, of which some may be to be skipped.
pub(super) fn decode(mut rest: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut plain = Plain { bytes: Vec::new(), most };
    while !rest.is_empty() {
        // No frame is shorter than the magic number, the descriptor and a byte.
        let [m, a, g, i, descriptor, mut window] = array(&mut rest)?;
        if descriptor & SINGLE_SEGMENT == 0 {
            window = window_descriptor(window, to_u64(most));
        }
        let start = [m, a, g, i, descriptor, window];
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(u64::MAX);
        match decoder.init(start.chain(&mut rest)) {
            Ok(()) => frame(&mut decoder, &mut rest, &mut plain)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => _ = take(&mut rest, to_usize(length.into()))?,
            Err(_) => return Err(NOT_ITS),
        }
    }
    Ok(plain.bytes)
}

/// The Window_Descriptor (3.1.1.1.2) of a window that is large enough for `most` bytes, if this one is larger:
/// the decoder holds a window of what it has decoded until there is more.
fn window_descriptor(given: u8, most: u64) -> u8 {
    let size = |descriptor: u8| {
        let base = 1_u64.wrapping_shl(u32::from(descriptor >> 3).wrapping_add(10));
        base.saturating_add((base >> 3).saturating_mul(u64::from(descriptor & 7)))
    };
    (0..given).find(|descriptor| size(*descriptor) >= most).unwrap_or(given)
}

fn frame(decoder: &mut FrameDecoder, rest: &mut &[u8], plain: &mut Plain) -> Result<()> {
    if to_usize(decoder.content_size()) > plain.left() {
        return Err(MORE);
    }
    while !decoder.is_finished() {
        // A block is 128 KiB at most.
        let step = BlockDecodingStrategy::UptoBlocks(1);
        decoder.decode_blocks(&mut *rest, step).map_err(|_| NOT_ITS)?;
        if decoder.can_collect() > plain.left() {
            return Err(MORE);
        }
        decoder.collect_to_writer(&mut *plain).map_err(|_| NOT_ITS)?;
    }
    Ok(())
}

/// What has been decoded; it takes no more than `most`.
struct Plain {
    bytes: Vec<u8>,
    most: usize,
}

impl Plain {
    fn left(&self) -> usize {
        self.most.saturating_sub(self.bytes.len())
    }
}

impl Write for Plain {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.get(..self.left()).unwrap_or(bytes);
        self.bytes.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame whose window is 1 KiB, of one block that repeats a byte 1024 times.
    const FRAME: [u8; 10] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x00, 0x03, 0x20, 0x00, 7];

    #[test]
    fn frames_follow_each_other_and_some_are_skipped() {
        assert_eq!(decode(&FRAME, 1024).unwrap(), [7; 1024]);
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
        let three = [FRAME, skipped, FRAME].concat();
        assert_eq!(decode(&three, 2048).unwrap(), [7; 2048]);
        assert_eq!(decode(&three, 2047), Err(MORE));
        assert!(decode(&skipped[..9], 2048).is_err());
        assert!(decode(&FRAME[..9], 2048).is_err());
    }

    #[test]
    fn a_window_is_no_larger_than_the_chunk() {
        assert_eq!(window_descriptor(255, 0), 0);
        assert_eq!(window_descriptor(255, 1024), 0);
        assert_eq!(window_descriptor(255, 1025), 1);
        assert_eq!(window_descriptor(255, 2048), 8);
        assert_eq!(window_descriptor(3, 2048), 3);
        let mut large = FRAME;
        large[5] = 30 << 3; // 2^(10 + 30) bytes
        assert_eq!(decode(&large, 1024).unwrap(), [7; 1024]);
    }
}
