//! How an index differs from what libhdf5 recorded.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::Tally;

/// A field that is not what libhdf5 says.
pub(crate) struct Difference {
    /// What libhdf5 says of the object; null for the file as a whole.
    pub(crate) expected_object: Value,
    pub(crate) field: String,
    expected: String,
    found: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.chars().take(300).collect::<String>();
        let Self { field, expected, found, .. } = self;
        let path = &self.expected_object["path"];
        write!(f, "{path} {field}: {} in place of {}", short(found), short(expected))
    }
}

/// All differences of a file.
pub(crate) fn files(expected: &Value, found: &Value, tally: &mut Tally) -> Vec<Difference> {
    let mut differences = Differences { object: Value::Null, list: Vec::new() };
    for field in ["superblock_version", "userblock", "sizes", "size", "fs_strategy"] {
        differences.check(field, &expected[field], &found[field]);
    }
    let found_objects = list(&found["objects"]);
    for object in list(&expected["objects"]) {
        // Where libhdf5 could not go on, there is nothing to compare with.
        if object.get("info_err").is_some() || object.get("err").is_some() {
            continue;
        }
        tally.objects += 1;
        differences.object = object.clone();
        // An object with several paths has one of them as its own: which, is not the same everywhere.
        let by = |field: &str| found_objects.iter().find(|each| each[field] == object[field]);
        let same = by("path").filter(|each| each["addr"] == object["addr"]).or_else(|| by("addr"));
        match same {
            Some(found) => differences.object(expected, &object, found, tally),
            None => differences.check("object", &"there".into(), &"missing".into()),
        }
    }
    differences.list
}

struct Differences {
    object: Value,
    list: Vec<Difference>,
}

impl Differences {
    fn check(&mut self, field: &str, expected: &Value, found: &Value) {
        if expected != found {
            self.list.push(Difference {
                expected_object: self.object.clone(),
                field: field.into(),
                expected: expected.to_string(),
                found: found.to_string(),
            });
        }
    }

    fn object(&mut self, file: &Value, expected: &Value, found: &Value, tally: &mut Tally) {
        for field in ["type", "addr"] {
            self.check(field, &expected[field], &found[field]);
        }
        self.check("header version", &expected["hdr"]["version"], &found["hdr"]["version"]);
        self.attributes(file, expected, found, tally);
        match expected["type"].as_str() {
            Some("group") => {
                // A list of links that libhdf5 could not finish is none to compare with.
                if !failed(file, &expected["path"], "links") {
                    self.check("links", &links(expected), &links(found));
                }
            }
            Some("dataset") => self.dataset(expected, found, tally),
            _ => self.datatype("dtype", &expected["dtype"], &found["dtype"]),
        }
    }

    fn attributes(&mut self, file: &Value, expected: &Value, found: &Value, tally: &mut Tally) {
        let path = &expected["path"];
        let by_name = |object: &Value| -> BTreeMap<String, Value> {
            let named = |each: Value| Some((each["name"].as_str()?.to_owned(), each.clone()));
            list(&object["attrs"]).into_iter().filter_map(named).collect()
        };
        let (expected, found) = (by_name(expected), by_name(found));
        // Where libhdf5 cannot open an attribute, it stops: what it lists must be there.
        if !failed(file, path, "attr") {
            let names = |each: &BTreeMap<String, Value>| each.keys().cloned().collect::<Value>();
            self.check("attributes", &names(&expected), &names(&found));
        }
        for (name, expected) in expected {
            tally.attributes += 1;
            let field = |what: &str| format!("attribute {name:?}, {what}");
            let Some(found) = found.get(&name) else {
                self.check(&field("itself"), &"there".into(), &"missing".into());
                continue;
            };
            self.check(&field("shape"), &expected["shape"], &found["shape"]);
            self.datatype(&field("datatype"), &expected["dtype"], &found["dtype"]);
            // Of long values the oracle has a hash.
            if let Some(value) = expected.get("value").filter(|value| !value.is_object()) {
                self.check(&field("value"), &in_our_words(value), &found["value"]);
            }
        }
    }

    fn dataset(&mut self, expected: &Value, found: &Value, tally: &mut Tally) {
        tally.datasets += 1;
        for field in ["space", "shape", "maxshape", "layout", "chunk_shape", "index_type"] {
            if expected.get(field).is_some() {
                self.check(field, &expected[field], &found[field]);
            }
        }
        self.datatype("dtype", &expected["dtype"], &found["dtype"]);
        self.check("filters", &filters(expected), &filters(found));
        let fill = |object: &Value| object["fill"]["status"].clone();
        self.check("fill value", &fill(expected), &fill(found));
        if let Some(hex) = expected["fill"].get("hex") {
            self.check("fill value", hex, &found["fill"]["hex"]);
        }
        for field in ["virtual", "external"] {
            if expected.get(field).is_some_and(|field| !field.is_null()) {
                self.check(field, &expected[field], &found[field]);
            }
        }
        if expected.get("external").is_some() {
            return;
        }
        match expected["layout"].as_str() {
            Some("contiguous") => {
                self.check("offset", &expected["offset"], &found["offset"]);
                // A run without an address has no bytes, whatever the message says.
                if !expected["offset"].is_null() {
                    self.check("size", &expected["storage_size"], &found["storage_size"]);
                }
            }
            Some("chunked") => {
                tally.chunked += 1;
                tally.chunks += list(&expected["chunks"]).len();
                self.check("chunks", &sorted(&expected["chunks"]), &sorted(&found["chunks"]));
            }
            Some("compact") if expected["hex"].as_str().is_some_and(|hex| hex.len() < 400) => {
                self.check("data", &expected["hex"], &found["hex"]);
            }
            _ => {}
        }
    }

    fn datatype(&mut self, field: &str, expected: &Value, found: &Value) {
        // A variable-length element's size in memory is not its size in the file.
        let text = expected.to_string();
        let in_memory = [r#""vlen":true"#, r#""class":"11""#, r#""class":"reference""#];
        if in_memory.iter().any(|class| text.contains(class)) {
            return;
        }
        for part in ["class", "size", "order", "signed", "precision", "offset", "tag", "dims"] {
            if expected.get(part).is_some() {
                self.check(&format!("{field}, {part}"), &expected[part], &found[part]);
            }
        }
    }
}

/// Whether libhdf5 failed at this part of an object.
fn failed(file: &Value, path: &Value, part: &str) -> bool {
    list(&file["errors"]).iter().any(|error| {
        error[0] == *path && error[1].as_str().is_some_and(|what| what.starts_with(part))
    })
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// Names and kinds, and the targets of those that have one.
fn links(object: &Value) -> Value {
    let text = |link: &Value| match link[1].as_str() {
        Some("soft" | "external") => link.to_string(),
        _ => format!("{} {}", link[0], link[1]),
    };
    let mut links: Vec<String> = list(&object["links"]).iter().map(text).collect();
    links.sort();
    Value::from(links)
}

fn filters(object: &Value) -> Value {
    let text =
        |filter: &Value| format!("{} {} {}", filter["id"], filter["flags"], filter["values"]);
    list(&object["filters"]).iter().map(text).collect()
}

fn sorted(chunks: &Value) -> Value {
    let mut chunks: Vec<String> = list(chunks).iter().map(ToString::to_string).collect();
    chunks.sort();
    Value::from(chunks)
}

/// What the oracle writes in other words than we do: numbers that JSON has no word for, and the
/// enumeration that h5py takes for truth values.
fn in_our_words(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(in_our_words).collect(),
        Value::String(text) => match text.as_str() {
            "nan" => "NaN".into(),
            "inf" => "Infinity".into(),
            "-inf" => "-Infinity".into(),
            text => text.into(),
        },
        Value::Bool(truth) => u8::from(*truth).into(),
        value => value.clone(),
    }
}
