//! Whether a sidecar that is there is what would be made now, so that it need not be made again.
//!
//! It is, if it says that it was made of this version of its file, in this way, by this version of the program.
//! What cannot be proven is not fresh: a file without a strong entity tag, a sidecar that says nothing, one
//! whose file led to others, which may have changed.
//!
//! Of the sidecar only the beginning is read, where the attributes of the root are: the first key of JSON and
//! of the tables' metadata, unless a name sorts before it.

use std::io::Read;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use graviola::hashing::{Hash as _, Sha256};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::fetch::{self, Counters};
use crate::kerchunk;
use crate::render::{Format, Layout, ZMETADATA};
use crate::sidecar::{Options, SOURCE_VERSION, Sidecar, version};
use crate::source::{Opener, Source, Version, local_path, name_in_references};

/// The attribute of the root that says how a sidecar was made.
pub const MADE: &str = "h5sidecar_made";

/// Bytes of a sidecar's beginning that are read, one more after the other until they are enough.
const BEGINNINGS: [u64; 3] = [64 << 10, 1 << 20, 8 << 20];

/// All that a sidecar depends on beside its file: the program's version, and every option that changes what is
/// written, as a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe(String);

/// A sidecar that need not be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fresh {
    /// Which version of the file it is of.
    pub version: Version,
    /// Whether nothing of the file's data is lost.
    pub complete: bool,
    /// Datasets with data that it does not hold.
    pub lost: u64,
}

/// What a sidecar says of how it was made.
#[derive(Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
struct Made {
    program: String,
    options: String,
    complete: bool,
    lost: u64,
    /// Other files it depends on, of which it does not say the versions.
    others: u64,
}

impl Recipe {
    /// How a sidecar of the file at `location` is made.
    #[must_use]
    pub fn of(location: &str, options: &Options, layout: Layout) -> Self {
        // By name, so that no new option is forgotten.
        let Options { references, policy: _, limits, checksums, url, record_version: _, follow } =
            options;
        let kerchunk::Options {
            selection,
            links,
            max_linked,
            inline_threshold,
            max_inline_vlen,
            transcode_below,
            codecs,
            subchunk,
            inline_bytes,
            decoded_bytes,
            document_bytes,
        } = references;
        let url = url.clone().map_or_else(|| name_in_references(location), Ok);
        let url = url.unwrap_or_else(|_| crate::error::redact(location));
        let follow = follow.as_ref();
        let follow = follow.map(|follow| (follow.max_files, follow.max_chunks, &follow.below));
        let all = json!([
            url,
            selection.globs(),
            selection.group(),
            format!("{links:?} {codecs:?} {checksums:?} {limits:?} {layout:?}"),
            [
                max_linked,
                inline_threshold,
                max_inline_vlen,
                transcode_below,
                inline_bytes,
                decoded_bytes,
                document_bytes
            ],
            subchunk,
            follow,
        ]);
        let digest = Sha256::hash(all.to_string().as_bytes());
        let digest = digest.as_ref().iter().take(16);
        Self(digest.map(|byte| format!("{byte:02x}")).collect())
    }
}

impl Sidecar {
    /// Says in the sidecar how it was made, and of which version of its file, for [`fresh`].
    pub fn record(&mut self, recipe: &Recipe) {
        let made = Made {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            options: recipe.0.clone(),
            complete: self.is_complete(),
            lost: self.not_referenced.iter().filter(|dataset| dataset.lost).count() as u64,
            others: self.files.as_ref().map_or(0, |files| files.len() as u64),
        };
        let references = Arc::make_mut(&mut self.references);
        references.set_attribute(SOURCE_VERSION, json!(self.version));
        references.set_attribute(MADE, json!(made));
    }
}

/// Whether the sidecar at `sidecar` is what `recipe` would make of the file now; `None` if that is not proven,
/// also if there is no such sidecar.
///
/// # Errors
/// The storage errors of the file, of which one byte is read.
pub async fn fresh(
    sidecar: &str,
    source: &dyn Source,
    recipe: &Recipe,
    opener: &Opener,
    counters: &Counters,
) -> Result<Option<Fresh>> {
    let place = match Format::of_name(sidecar) {
        Some(Format::Parquet) => format!("{}/{ZMETADATA}", sidecar.trim_end_matches('/')),
        _ => sidecar.to_owned(),
    };
    let Some((recorded, made)) = recorded(&place, opener).await else { return Ok(None) };
    if made.program != env!("CARGO_PKG_VERSION") || made.options != recipe.0 || made.others > 0 {
        return Ok(None);
    }
    let length = fetch::length(source, counters).await?;
    let version = version(source, length);
    let same = version.length.is_some() && version.length == recorded.length;
    let proven = match (&version.etag, &recorded.etag) {
        (Some(now), Some(then)) => now == then && !now.starts_with("W/"),
        (None, None) => is_not_older(&place, source.url()),
        _ => false,
    };
    let Made { complete, lost, .. } = made;
    Ok((same && proven).then_some(Fresh { version, complete, lost }))
}

/// Whether both are files of this machine, and the sidecar was not written before its file.
fn is_not_older(sidecar: &str, file: &str) -> bool {
    let modified = |location: &str| -> Option<SystemTime> {
        std::fs::metadata(local_path(location).ok()??).ok()?.modified().ok()
    };
    modified(sidecar).zip(modified(file)).is_some_and(|(sidecar, file)| sidecar >= file)
}

/// What the sidecar at `place` says of itself, if there is one, and it says so at its beginning.
async fn recorded(place: &str, opener: &Opener) -> Option<(Version, Made)> {
    let source = opener.open(place).await.ok()?;
    for most in BEGINNINGS {
        let beginning = match source.whole() {
            Some(whole) => whole.slice(..whole.len().min(usize::try_from(most).ok()?)),
            None => source.read(0..most).await.ok()?.bytes,
        };
        if let Some(mut attributes) = attributes(&beginning) {
            let mut take = |name| attributes.remove(name);
            let version = serde_json::from_value(take(SOURCE_VERSION)?).ok()?;
            return Some((version, serde_json::from_value(take(MADE)?).ok()?));
        }
        if (beginning.len() as u64) < most {
            break;
        }
    }
    None
}

/// The attributes of the root, if a sidecar that begins with these bytes has them there.
fn attributes(beginning: &Bytes) -> Option<Map<String, Value>> {
    let mut found = None;
    let json: Box<dyn Read + '_> = match beginning.get(..4)? {
        [0x1f, 0x8b, ..] => Box::new(flate2::read::GzDecoder::new(&**beginning)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(ruzstd::decoding::StreamingDecoder::new(&**beginning).ok()?)
        }
        _ => Box::new(&**beginning),
    };
    // A few bytes may unpack to gigabytes.
    let json = std::io::BufReader::new(json.take(BEGINNINGS[2]));
    let mut json = serde_json::Deserializer::from_reader(json);
    // It ends with an error, found or not: there is more, or less, than is read.
    _ = References(&mut found).deserialize(&mut json);
    found
}

/// The sidecar as a whole: its references are in `refs`, or, of tables, its documents in `metadata`.
struct References<'a>(&'a mut Option<Map<String, Value>>);

/// The references, or documents.
struct Root<'a>(&'a mut Option<Map<String, Value>>);

impl<'de> DeserializeSeed<'de> for References<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for References<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sidecar")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "refs" || key == "metadata" {
                return map.next_value_seed(Root(self.0));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Root<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Root<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("references")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == ".zattrs" {
                *self.0 = match map.next_value()? {
                    Value::Object(attributes) => Some(attributes),
                    Value::String(text) => serde_json::from_str(&text).ok(),
                    _ => None,
                };
                return Err(A::Error::custom("this is enough"));
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGINNING: &str = r#"{"version":1,"templates":{"u":"a.h5","refs":"x"},"refs":{
        "!a/.zarray":"{}",".zattrs":"{\"h5sidecar_made\":1}",
        ".zgroup":"{\"zar"#;

    #[test]
    fn the_beginning_is_enough() {
        let bytes = Bytes::from_static(BEGINNING.as_bytes());
        assert_eq!(attributes(&bytes).unwrap()["h5sidecar_made"], 1);
        for length in 0..BEGINNING.find(".zgroup").unwrap() - 14 {
            assert_eq!(attributes(&bytes.slice(..length)), None, "{length}");
        }
        let tables = br#"{"metadata":{".zattrs":{"h5sidecar_made":2},".zgroup":{"za"#;
        assert_eq!(attributes(&Bytes::from_static(tables)).unwrap()["h5sidecar_made"], 2);
    }

    #[test]
    fn what_is_no_sidecar_says_nothing() {
        for text in
            ["", "{}", "[1]", "null", "\u{89}HDF", "{\"refs\":[]}", "{\"refs\":{\".zattrs\":3}}"]
        {
            assert_eq!(attributes(&Bytes::from_static(text.as_bytes())), None, "{text}");
        }
        for bytes in
            [&b"\x1f\x8b\x08\x00"[..], b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\x00\x00\x00"]
        {
            assert_eq!(attributes(&Bytes::from_static(bytes)), None, "{bytes:?}");
        }
    }

    #[test]
    fn every_option_that_changes_the_output_changes_the_recipe() {
        type Change = fn(&mut Options, &mut Layout);
        let of = |change: Change| {
            let (mut options, mut layout) = (Options::default(), Layout::default());
            change(&mut options, &mut layout);
            Recipe::of("a.h5", &options, layout)
        };
        let selection = |include: &str, exclude: &str, group: &str| {
            let globs = |glob: &str| if glob.is_empty() { vec![] } else { vec![glob.to_owned()] };
            kerchunk::Selection::new(&globs(include), &globs(exclude), Some(group)).unwrap()
        };
        let mut recipes: Vec<String> =
            [selection("a", "", ""), selection("", "a", ""), selection("", "", "a")]
                .into_iter()
                .map(|selection| {
                    let mut options = Options::default();
                    options.references.selection = selection;
                    Recipe::of("a.h5", &options, Layout::default()).0
                })
                .collect();
        let changes: [Change; 16] = [
            |_, _| {},
            |o, _| o.references.max_linked = 1,
            |o, _| o.references.inline_threshold = 1,
            |o, _| o.references.max_inline_vlen = 1,
            |o, _| o.references.transcode_below = 1,
            |o, _| o.references.inline_bytes = 1,
            |o, _| o.references.decoded_bytes = 1,
            |o, _| o.references.subchunk = Some(1),
            |o, _| o.references.links = kerchunk::Which::First,
            |o, _| o.references.codecs = kerchunk::CodecSet::Imagecodecs,
            |o, _| o.checksums = crate::sidecar::Checksums::Skip,
            |o, _| o.url = Some("b.h5".into()),
            |_, l| l.format = Format::JsonZst,
            |_, l| l.templates = true,
            |_, l| l.consolidated = false,
            |_, l| l.record_size = 1,
        ];
        recipes.extend(changes.into_iter().map(|change| of(change).0));
        recipes.push(Recipe::of("dir/a.h5", &Options::default(), Layout::default()).0);
        let all = recipes.len();
        recipes.sort();
        recipes.dedup();
        assert_eq!(recipes.len(), all);
        // How it is read changes nothing, nor what of a URL is secret.
        assert_eq!(of(|o, _| o.policy.gap = 1), of(|_, _| {}));
        let signed = |query: &str| {
            let url = format!("https://h/a.h5?sig={query}");
            Recipe::of(&url, &Options::default(), Layout::default())
        };
        assert_eq!(signed("1"), signed("2"));
    }
}
