//! `cargo xtask coverage [--check]`: which structures of the specification are read, in which variants,
//! and which test file shows each: `docs/coverage.md`.
//!
//! What a row says is observed, not declared: `h5meta` notes which variants it decodes of each file of
//! `testdata/`. What is declared here is which variants there are, and why some have no test file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use crate::{printed, root};

/// The largest test file that shows a row, in bytes.
const LARGEST: u64 = 64 << 10;

/// A structure, the fuzz target that feeds its decoder, and its variants.
struct Room(&'static str, &'static str, &'static [&'static str]);

/// Every variant there is of what is decoded. A variant that is decoded and not here is an error, and so
/// is one that no test file has, unless `WITHOUT` says why.
const ROOMS: &[Room] = &[
    Room(
        "superblock",
        "superblock",
        &[
            "version 0",
            "version 1",
            "version 2",
            "version 3",
            "behind a user block",
            "offsets of 2 bytes",
            "offsets of 4 bytes",
            "offsets of 8 bytes",
            "offsets of 16 bytes",
            "offsets of 32 bytes",
            "lengths of 2 bytes",
            "lengths of 4 bytes",
            "lengths of 8 bytes",
            "lengths of 16 bytes",
            "lengths of 32 bytes",
        ],
    ),
    Room("driver information", "superblock", &["version 0", "block", "message"]),
    Room("superblock extension", "walk", &["object header"]),
    Room(
        "version 1 B-tree node",
        "btree_v1",
        &["group leaf", "group internal node", "chunk leaf", "chunk internal node"],
    ),
    Room(
        "version 2 B-tree",
        "btree_v2",
        &[
            "version 0",
            "leaf",
            "internal node",
            "records of type 1",
            "records of type 2",
            "records of type 5",
            "records of type 8",
            "records of type 10",
            "records of type 11",
            "unfiltered chunks",
            "filtered chunks",
        ],
    ),
    Room(
        "symbol table node",
        "symbol_table",
        &["version 1", "entry of cache type 0", "entry of cache type 1", "entry of cache type 2"],
    ),
    Room("local heap", "local_heap", &["version 0"]),
    Room("global heap collection", "global_heap", &["version 1"]),
    Room(
        "fractal heap",
        "fractal_heap",
        &[
            "version 0",
            "empty",
            "root direct block",
            "root indirect block",
            "indirect block in an indirect block",
            "direct block with a checksum",
            "direct block without a checksum",
            "filtered blocks",
            "managed object",
            "huge object by key",
            "huge object by address",
            "filtered huge object by key",
            "filtered huge object by address",
            "tiny object",
            "tiny object with a longer length",
        ],
    ),
    Room(
        "shared object header message table",
        "walk",
        &["version 0", "list index", "B-tree index"],
    ),
    Room(
        "object header",
        "object_header",
        &[
            "version 1",
            "version 2",
            "continuation block, version 1",
            "continuation block, version 2",
            "creation order of messages",
            "times",
            "attribute phase change",
        ],
    ),
    Room(
        "dataspace message",
        "messages",
        &["version 1", "version 2", "scalar", "simple", "null", "unlimited dimension"],
    ),
    Room(
        "link info message",
        "messages",
        &[
            "version 0",
            "creation order not tracked",
            "creation order tracked",
            "creation order indexed",
        ],
    ),
    Room(
        "datatype message",
        "messages",
        &[
            "version 1",
            "version 2",
            "version 3",
            "version 4",
            "version 5",
            "integer",
            "float",
            "time",
            "string",
            "bitfield",
            "opaque",
            "compound",
            "reference",
            "enum",
            "vlen",
            "array",
            "complex",
            "VAX byte order",
            "reference of type 0",
            "reference of type 1",
            "reference of type 2",
            "reference of type 3",
            "reference of type 4",
        ],
    ),
    Room("fill value (old) message", "messages", &["message"]),
    Room(
        "fill value message",
        "messages",
        &["version 1", "version 2", "version 3", "default", "undefined", "a value"],
    ),
    Room(
        "link message",
        "messages",
        &["version 1", "hard", "soft", "external", "user-defined", "with creation order"],
    ),
    Room("external data files message", "messages", &["version 1"]),
    Room(
        "data layout message",
        "messages",
        &[
            "version 1",
            "version 1, compact",
            "version 1, contiguous",
            "version 1, chunked",
            "version 2",
            "version 2, compact",
            "version 2, contiguous",
            "version 2, chunked",
            "version 3",
            "version 3, compact",
            "version 3, contiguous",
            "version 3, chunked",
            "version 4",
            "version 4, compact",
            "version 4, contiguous",
            "version 4, chunked",
            "version 4, virtual",
            "version 5",
            "version 5, compact",
            "version 5, contiguous",
            "version 5, chunked",
            "version 5, virtual",
        ],
    ),
    Room("filter pipeline message", "messages", &["version 1", "version 2"]),
    Room(
        "attribute message",
        "messages",
        &["version 1", "version 2", "version 3", "shared datatype", "shared dataspace"],
    ),
    Room("object header continuation message", "messages", &["message"]),
    Room("symbol table message", "messages", &["message"]),
    Room("B-tree K values message", "messages", &["version 0"]),
    Room(
        "attribute info message",
        "messages",
        &[
            "version 0",
            "creation order not tracked",
            "creation order tracked",
            "creation order indexed",
        ],
    ),
    Room("file space info message", "messages", &["version 0", "version 1"]),
    Room("metadata cache image", "walk", &["version 0", "message", "image"]),
    Room(
        "shared message",
        "messages",
        &[
            "version 1",
            "version 2",
            "version 3",
            "in another object header",
            "in the shared message heap",
        ],
    ),
    Room(
        "header message that is passed over",
        "messages",
        &[
            "bogus (0x0009)",
            "group info (0x000a)",
            "object comment (0x000d)",
            "object modification time, old (0x000e)",
            "object modification time (0x0012)",
            "object reference count (0x0016)",
            "of a type that format 4.0 does not define",
        ],
    ),
    Room(
        "chunk index",
        "messages",
        &[
            "single chunk",
            "single chunk with filters",
            "implicit",
            "fixed array",
            "extensible array",
            "version 2 B-tree",
            "edge chunks without filters",
        ],
    ),
    Room(
        "fixed array",
        "chunk_arrays",
        &["version 0", "data block", "paged data block", "unfiltered chunks", "filtered chunks"],
    ),
    Room(
        "extensible array",
        "chunk_arrays",
        &[
            "version 0",
            "index block",
            "super block",
            "data block",
            "paged data block",
            "unfiltered chunks",
            "filtered chunks",
        ],
    ),
    Room(
        "reference",
        "value",
        &[
            "object, before HDF5 1.12",
            "region, before HDF5 1.12",
            "object",
            "object of another file",
            "region",
            "region of another file",
            "attribute",
            "attribute of another file",
        ],
    ),
];

/// Variants that no test file has, and why.
const WITHOUT: &[(&str, &str, &str)] = &[];

/// What the specification defines and no reader of content needs.
const NOT_READ: &[(&str, &str, &str)] = &[
    ("III.A.2", "version 2 B-trees of types 3 and 4", "huge objects that IDs give the address of"),
    (
        "III.A.2",
        "version 2 B-trees of types 6 and 9",
        "links and attributes by creation order: names find them all",
    ),
    (
        "III.A.2, III.I",
        "version 2 B-trees of type 7, shared message lists",
        "which shared messages there are: headers have their heap IDs",
    ),
    ("III.H", "free-space managers", "what of the file is unused"),
    ("III.D, III.E", "free lists of local and global heaps", "what of the heap is unused"),
];

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let observed = Observed::of_test_files()?;
    observed.check()?;
    let document = observed.document();
    let path = root().join("docs/coverage.md");
    if arguments.iter().any(|argument| argument == "--check") {
        if std::fs::read_to_string(&path).unwrap_or_default() != document {
            bail!("docs/coverage.md is not what `cargo xtask coverage` makes");
        }
        return Ok(());
    }
    std::fs::create_dir_all(root().join("docs"))?;
    std::fs::write(&path, document)?;
    Ok(())
}

/// What was decoded of the test files.
struct Observed {
    /// The section of each structure, in the order of the specification.
    sections: Vec<(String, String)>,
    /// Structure and variant, and the smallest file that has it.
    files: BTreeMap<(String, String), (u64, String)>,
}

impl Observed {
    fn of_test_files() -> anyhow::Result<Self> {
        let files = test_files()?;
        let mut command = Command::new("cargo");
        command.args(["run", "--quiet", "--package", "h5meta", "--features", "coverage"]);
        command.args(["--example", "coverage", "--"]).args(files.keys());
        let lines = printed(command.current_dir(root()))?;
        let mut observed = Self { sections: Vec::new(), files: BTreeMap::new() };
        for line in lines.lines() {
            let fields: Vec<&str> = line.split('\t').collect();
            let [file, structure, section, variant] = fields[..] else {
                bail!("not a line of the coverage example: {line}");
            };
            if file.is_empty() {
                observed.sections.push((structure.to_owned(), section.to_owned()));
                continue;
            }
            let size = files.get(file).copied().unwrap_or(u64::MAX);
            let name = file.trim_start_matches("testdata/").to_owned();
            let found = (size, name);
            observed
                .files
                .entry((structure.to_owned(), variant.to_owned()))
                .and_modify(|smallest| *smallest = found.clone().min(smallest.clone()))
                .or_insert(found);
        }
        Ok(observed)
    }

    fn file(&self, structure: &str, variant: &str) -> Option<&(u64, String)> {
        self.files.get(&(structure.to_owned(), variant.to_owned()))
    }

    /// Whether every row is what it should be.
    fn check(&self) -> anyhow::Result<()> {
        let mut faults = Vec::new();
        let declared: BTreeSet<(&str, &str)> = ROOMS
            .iter()
            .flat_map(|Room(structure, _, variants)| {
                variants.iter().map(|each| (*structure, *each))
            })
            .collect();
        for (structure, variant) in self.files.keys() {
            if !declared.contains(&(structure.as_str(), variant.as_str())) {
                faults.push(format!("{structure}, {variant}: decoded, and no row of the table"));
            }
        }
        for (structure, variant) in &declared {
            let excused = WITHOUT.iter().any(|(s, v, _)| (s, v) == (structure, variant));
            match self.file(structure, variant) {
                Some(_) if excused => {
                    faults.push(format!("{structure}, {variant}: excused for nothing"))
                }
                Some((size, name)) if *size > LARGEST => {
                    faults.push(format!("{structure}, {variant}: only {name}, of {size} bytes"));
                }
                None if !excused => faults.push(format!("{structure}, {variant}: no test file")),
                _ => {}
            }
        }
        match faults.is_empty() {
            true => Ok(()),
            false => bail!("{} faults\n{}", faults.len(), faults.join("\n")),
        }
    }

    fn document(&self) -> String {
        let mut text = String::from(HEAD);
        for (structure, section) in &self.sections {
            let Some(Room(_, fuzz, variants)) = ROOMS.iter().find(|room| room.0 == structure)
            else {
                continue;
            };
            for variant in *variants {
                let decoded = match structure.contains("passed over") {
                    true => "passed over",
                    false => "yes",
                };
                let file = self.file(structure, variant).map_or("-", |(_, name)| name);
                _ = writeln!(
                    text,
                    "| {section} | {structure} | {variant} | {decoded} | {file} | {fuzz} |"
                );
            }
        }
        if !WITHOUT.is_empty() {
            text.push_str(
                "\n## Without a test file\n\n| structure | variant | why |\n|---|---|---|\n",
            );
            for (structure, variant, why) in WITHOUT {
                _ = writeln!(text, "| {structure} | {variant} | {why} |");
            }
        }
        text.push_str("\n## Not read\n\nNothing that leads to content is in these.\n\n");
        text.push_str("| section | structure | what it says |\n|---|---|---|\n");
        for (section, structure, what) in NOT_READ {
            _ = writeln!(text, "| {section} | {structure} | {what} |");
        }
        text
    }
}

const HEAD: &str = "\
# What of the HDF5 File Format Specification is read

Made by `cargo xtask coverage`, and checked by CI. A row is a variant of a structure of format 4.0: it is
decoded if the reader met it in a file of `testdata/`, of which the smallest that has it is named (each
has its script in `testdata/make/`). The last column is the target of `fuzz/` that feeds the decoder.

| section | structure | variant | decoded | test file | fuzz target |
|---|---|---|---|---|---|
";

/// The files of `testdata/`, and their sizes.
fn test_files() -> anyhow::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    let testdata = root().join("testdata");
    for entry in std::fs::read_dir(testdata)? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && !name.ends_with(".md") {
            files.insert(format!("testdata/{name}"), path.metadata()?.len());
        }
    }
    Ok(files)
}
