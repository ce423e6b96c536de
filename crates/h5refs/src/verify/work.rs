//! What verifying may take: a sidecar of strangers can claim that every chunk decodes to a gigabyte.

use bytes::Bytes;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::array::Array;
use super::check::Checked;
use super::decode::{Undecoded, decode};
use super::read::{Chunk, Stored};

/// How many times the bytes that there are may be decoded to in all, by all codecs, and how many however few there are.
/// One chunk may be a thousand times its stored bytes; not all of them are.
const DECODES_TO: u64 = 2000;
const SPARE: u64 = 1 << 30;

/// Decoded bytes of a chunk above which it is decoded alone, so that no more than one of them is held.
const LARGE: u64 = 32 << 20;

/// A chunk, and what came of decoding it.
pub(super) type Decoded<'a> = (&'a Chunk, Result<(), Undecoded>);

/// What may still be decoded.
#[derive(Debug)]
pub(super) struct Work {
    max_chunk: u64,
    left: u64,
}

impl Work {
    /// For the chunks in a sidecar and the files of these lengths, of which each chunk is decoded to `max_chunk` bytes
    /// at most.
    pub(super) fn new(
        checked: &Checked,
        lengths: impl Iterator<Item = u64>,
        max_chunk: u64,
    ) -> Self {
        let inline = checked.chunks.iter().map(|chunk| match &chunk.stored {
            Stored::Inline(bytes) => bytes.len() as u64,
            Stored::Range { .. } => 0,
        });
        let stored = inline.chain(lengths).fold(0, u64::saturating_add);
        Self { max_chunk, left: stored.saturating_mul(DECODES_TO).saturating_add(SPARE) }
    }

    /// Decodes chunks, with their stored bytes.
    pub(super) fn decode<'a>(
        &mut self,
        checked: &Checked,
        chunks: &[(&'a Chunk, Bytes)],
    ) -> Vec<Decoded<'a>> {
        let (mut small, mut large, mut decoded) = (Vec::new(), Vec::new(), Vec::new());
        for (chunk, stored) in chunks {
            let array = &checked.arrays[chunk.array];
            // Strings are no more than what is stored; what is larger than allowed is not decoded.
            let size = array.chunk_bytes().unwrap_or(stored.len() as u64);
            match self.left.checked_sub(size.saturating_mul(array.passes())) {
                _ if size > self.max_chunk => small.push((*chunk, stored, array)),
                None => decoded
                    .push((*chunk, Err(Undecoded::Unknown("more than is decoded in all".into())))),
                Some(left) => {
                    self.left = left;
                    let list = if size > LARGE { &mut large } else { &mut small };
                    list.push((*chunk, stored, array));
                }
            }
        }
        let most = self.max_chunk;
        let small = small.par_iter().map(|task| decoded_by(task, most));
        decoded.extend(small.collect::<Vec<_>>());
        decoded.extend(large.iter().map(|task| decoded_by(task, most)));
        decoded
    }
}

type Task<'a, 'b> = (&'a Chunk, &'b Bytes, &'b Array);

fn decoded_by<'a>(&(chunk, stored, array): &Task<'a, '_>, most: u64) -> Decoded<'a> {
    (chunk, decode(stored, array, most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::check::check;
    use crate::verify::json::tests::read as document;

    #[test]
    fn no_more_is_decoded_than_there_may_be() {
        let json = r#"{"version":1,"refs":{".zgroup":{"zarr_format":2},
            "a/.zarray":{"zarr_format":2,"shape":[8],"chunks":[2],"dtype":"<i4","order":"C","filters":
                [{"id":"shuffle","elementsize":4}],"compressor":null,"fill_value":null},
            "a/0":"12345678","a/1":"12345678","a/2":"12345678","a/3":"1234"}}"#;
        let checked = check(document(json).unwrap());
        let chunks: Vec<_> = checked
            .chunks
            .iter()
            .map(|chunk| match &chunk.stored {
                Stored::Inline(bytes) => (chunk, bytes.clone()),
                Stored::Range { .. } => unreachable!(),
            })
            .collect();
        let outcomes = |mut work: Work| -> Vec<bool> {
            let mut decoded = work.decode(&checked, &chunks);
            decoded.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
            decoded.into_iter().map(|(_, decoded)| decoded.is_ok()).collect()
        };
        let all = Work::new(&checked, [1000].into_iter(), 100);
        assert_eq!(all.left, SPARE + 1028 * DECODES_TO);
        assert_eq!(outcomes(all), [true, true, true, false]);
        assert_eq!(outcomes(Work { max_chunk: 100, left: 17 }), [true, true, false, false]);
        assert_eq!(outcomes(Work { max_chunk: 7, left: 100 }), [false; 4]);
    }

    /// Each codec goes over all bytes of a chunk.
    #[test]
    fn every_codec_is_work() {
        let shuffle = r#"{"id":"shuffle","elementsize":4}"#;
        let json = format!(
            r#"{{"version":1,"refs":{{"a/.zarray":{{"zarr_format":2,"shape":[2],"chunks":[2],"dtype":"<i4",
                "order":"C","filters":[{shuffle},{shuffle},{shuffle}],"compressor":null}},"a/0":"12345678"}}}}"#
        );
        let checked = check(document(&json).unwrap());
        let chunks = [(&checked.chunks[0], Bytes::from_static(b"12345678"))];
        for (left, is_decoded) in [(23, false), (24, true)] {
            let decoded = Work { max_chunk: 100, left }.decode(&checked, &chunks);
            assert_eq!(decoded[0].1.is_ok(), is_decoded, "{left}");
        }
    }
}
