//! What shows of a sidecar without reading its file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::Fault;
use super::array::Array;
use super::compact::values;
use super::faults::Faults;
use super::read::{Chunk, Sidecar, Stored};

/// A sidecar whose documents have been looked at.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) groups: u64,
    pub(super) arrays: Vec<Array>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) faults: Faults,
    /// Which version of its file it says it is of.
    pub(super) recorded: Option<Value>,
}

/// A group's document.
#[derive(Deserialize)]
struct Group {
    zarr_format: u64,
}

/// What an array's attributes say of it.
#[derive(Deserialize)]
struct Attributes {
    /// Of no size, whatever they are.
    #[serde(rename = "_ARRAY_DIMENSIONS")]
    names: Option<Vec<IgnoredAny>>,
}

/// What the attributes of the root say of the file.
#[derive(Deserialize)]
struct Root {
    #[serde(rename = "h5sidecar_source")]
    source: Option<Value>,
}

/// A version of a file, as far as it is compared.
#[derive(Deserialize)]
struct Recorded {
    length: Option<u64>,
    etag: Option<String>,
}

/// What is asked of a document: no more of it is held.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    match text.starts_with('{') {
        true => serde_json::from_str(text).map_err(|error| error.to_string()),
        false => Err("no object".into()),
    }
}

pub(super) fn check(sidecar: Sidecar) -> Checked {
    let Sidecar { documents, chunks, faults } = sidecar;
    let mut checked = Checked { faults, ..Checked::default() };
    let mut by_path = BTreeMap::new();
    for (key, document) in &documents {
        let (key, text) = (&**key, &*document.text);
        let (path, last) = key.rsplit_once('/').unwrap_or(("", key));
        match last {
            ".zgroup" => {
                checked.groups += 1;
                if !read::<Group>(text).is_ok_and(|group| group.zarr_format == 2) {
                    checked.faults.push(Fault::new(key, "no group of Zarr version 2"));
                }
            }
            ".zarray" => match values(text).and_then(|it| Array::new(path, &it)) {
                Ok(array) => {
                    by_path.insert(path, checked.arrays.len());
                    checked.arrays.push(array);
                }
                Err(why) => checked.faults.push(Fault::new(key, why)),
            },
            ".zattrs" if text.starts_with('{') => {}
            ".zattrs" => checked.faults.push(Fault::new(key, "attributes that are no object")),
            _ => checked.faults.push(Fault::new(key, "a document that Zarr does not know")),
        }
        // Readers come to an object through its groups.
        let above = path.rsplit_once('/').map_or("", |(above, _)| above);
        let group: String =
            if above.is_empty() { ".zgroup".into() } else { format!("{above}/.zgroup") };
        if !path.is_empty() && !documents.contains_key(&*group) {
            checked.faults.push(Fault::new(key, format!("there is no group {group}")));
        }
    }
    for (path, &n) in &by_path {
        let key = format!("{path}/.zattrs");
        let Some(document) = documents.get(&*key) else { continue };
        let why = match read(&document.text) {
            Ok(Attributes { names: Some(names) }) if names.len() != checked.arrays[n].rank() => {
                format!("{} dimension names", names.len())
            }
            // What is no object has been said.
            Err(why) if document.text.starts_with('{') => why,
            _ => continue,
        };
        checked.faults.push(Fault::new(key, why));
    }
    if let Some(document) = documents.get(".zattrs") {
        match read(&document.text) {
            // What is something else is an attribute of the file's own.
            Ok(Root { source }) => {
                let recorded = source.and_then(|source| serde_json::from_value(source).ok());
                checked.recorded = recorded
                    .map(|Recorded { length, etag }| json!({ "length": length, "etag": etag }));
            }
            Err(why) if document.text.starts_with('{') => {
                checked.faults.push(Fault::new(".zattrs", why));
            }
            Err(_) => {}
        }
    }
    checked.chunks = chunks;
    let Checked { chunks, arrays, faults, .. } = &mut checked;
    // In place: a second list of them would take as much again.
    chunks.retain_mut(|chunk| {
        let (path, name) = chunk.key.rsplit_once('/').unwrap_or(("", &chunk.key));
        let why = match by_path.get(path) {
            Some(&array) if arrays[array].has(name) => {
                chunk.array = array;
                return true;
            }
            Some(_) => "no chunk of its array",
            None => "it is of no array",
        };
        faults.push(Fault::new(std::mem::take(&mut chunk.key), why));
        false
    });
    let mut faults = std::mem::take(&mut checked.faults);
    faults.extend(checked.chunks.iter().filter_map(|it| of_size(it, &checked)));
    checked.faults = faults;
    checked
}

/// A chunk without codecs has the bytes of its shape.
fn of_size(chunk: &Chunk, checked: &Checked) -> Option<Fault> {
    let array = &checked.arrays[chunk.array];
    let is_plain = array.pipeline.as_ref().is_ok_and(Vec::is_empty);
    let whole = array.chunk_bytes().filter(|_| is_plain)?;
    let size = match &chunk.stored {
        Stored::Inline(bytes) => bytes.len() as u64,
        Stored::Range { range, .. } => range.as_ref().map(|range| range.end - range.start)?,
    };
    let why = || format!("{size} bytes, its array's chunks have {whole}");
    (size != whole).then(|| Fault::new(chunk.key.clone(), why()))
}

/// The references that are not inside their files, by the lengths of these.
pub(super) fn outside(
    chunks: &[Chunk],
    lengths: &BTreeMap<&str, u64>,
) -> impl Iterator<Item = Fault> {
    let fault = |chunk: &Chunk| {
        let Stored::Range { file, range: Some(range) } = &chunk.stored else { return None };
        let length = *lengths.get(&**file)?;
        let why = || {
            format!(
                "bytes {}..{} of {length} of {}",
                range.start,
                range.end,
                crate::error::redact(file)
            )
        };
        (range.end > length).then(|| Fault::new(chunk.key.clone(), why()))
    };
    chunks.iter().filter_map(fault)
}

impl Checked {
    /// Chunks that are byte ranges.
    pub(super) fn referenced(&self) -> u64 {
        let is_range = |chunk: &&Chunk| matches!(chunk.stored, Stored::Range { .. });
        self.chunks.iter().filter(is_range).count() as u64
    }

    /// The first chunk of every array, and `more` evenly.
    pub(super) fn sample(&self, more: u64) -> impl Iterator<Item = &Chunk> {
        let step =
            (self.chunks.len() as u64).checked_div(more).map_or(u64::MAX, |step| step.max(1));
        let mut before = None;
        let is_wanted = move |(n, chunk): &(u64, &Chunk)| {
            let is_first = before.replace(chunk.array) != Some(chunk.array);
            is_first || n.is_multiple_of(step) && more > 0
        };
        (0_u64..).zip(&self.chunks).filter(is_wanted).map(|(_, chunk)| chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::json::tests::read as document;

    const SIDECAR: &str = r#"{"version":1,"templates":{"u":"a.h5"},"refs":{
        ".zgroup":"{\"zarr_format\":2}",".zattrs":{"h5sidecar_source":{"length":9}},
        "g/.zgroup":{"zarr_format":2},
        "g/a/.zarray":{"zarr_format":2,"shape":[5,2],"chunks":[2,2],"dtype":"<i4","order":"C","filters":
            [{"id":"shuffle","elementsize":4},{"id":"zlib","level":4}],"compressor":null,"fill_value":null},
        "g/a/.zattrs":{"_ARRAY_DIMENSIONS":["y","x"]},
        "g/a/0.0":["{{u}}",3,4],"g/a/1.0":["a.h5",7,1],"g/a/2.0":"base64:AQI=",
        "b/.zarray":{"zarr_format":2,"shape":[3],"chunks":[3],"dtype":"|u1","order":"C","filters":null,
            "compressor":null,"fill_value":0},"b/0":"abc"}}"#;

    #[test]
    fn what_is_right_has_no_faults() {
        let checked = check(document(SIDECAR).unwrap());
        assert_eq!(checked.faults.clone().finish(), []);
        assert_eq!((checked.groups, checked.arrays.len(), checked.chunks.len()), (2, 2, 4));
        assert_eq!(checked.referenced(), 2);
        assert_eq!(checked.recorded.as_ref().unwrap()["length"], 9);
        // The first of each, and all.
        assert_eq!(checked.sample(0).count(), 2);
        assert_eq!(checked.sample(u64::MAX).count(), 4);
        let lengths = BTreeMap::from([("a.h5", 7)]);
        let faults: Vec<Fault> = outside(&checked.chunks, &lengths).collect();
        assert_eq!(faults, [Fault::new("g/a/1.0", "bytes 7..8 of 7 of a.h5")]);
    }

    #[test]
    fn an_attribute_of_the_same_name_is_the_users() {
        let own = SIDECAR.replace("{\"length\":9}", "\"me\"");
        let checked = check(document(&own).unwrap());
        assert_eq!(checked.faults.clone().finish(), []);
        assert_eq!(checked.recorded, None);
    }

    #[test]
    fn bytes_that_do_not_fit_are_faults() {
        let short = SIDECAR.replace("\"abc\"", "\"ab\"").replace("g/a/2.0", "g/a/3.0");
        let checked = check(document(&short).unwrap());
        let faults: Vec<String> = checked
            .faults
            .finish()
            .iter()
            .map(|fault| format!("{}: {}", fault.key, fault.reason))
            .collect();
        assert_eq!(
            faults,
            ["b/0: 2 bytes, its array's chunks have 3", "g/a/3.0: no chunk of its array"]
        );
    }

    /// Whatever a sidecar says, it is checked to an end.
    #[test]
    fn a_changed_sidecar_is_right_or_wrong() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut none, mut wrong) = (0, 0);
        for _ in 0..20_000 {
            let mut bytes = SIDECAR.as_bytes().to_vec();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..bytes.len());
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(b' '..127),
                    1 => _ = bytes.remove(at),
                    2 => bytes.insert(at, b'9'),
                    _ => bytes[at] = b"0123456789\"[]{},:"[random.usize(..17)],
                }
            }
            match document(&String::from_utf8_lossy(&bytes)) {
                Ok(sidecar) => wrong += usize::from(!check(sidecar).faults.finish().is_empty()),
                Err(_) => none += 1,
            }
        }
        assert!(none > 1000 && wrong > 1000, "{none} {wrong}");
    }
}
