//! `cargo xtask coverage [--check]`: which structures of the specification are read, in which variants,
//! and which test file shows each: `docs/coverage.md`.
//!
//! What a row says is observed, not declared: `h5meta` notes which variants it decodes of each file of
//! `testdata/`. What is declared here is which variants there are, and why some have no test file.

mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::bail;

use self::table::{NOT_READ, ROOMS, Room, WITHOUT};
use crate::{printed, root};

/// The largest test file that shows a row, in bytes.
const LARGEST: u64 = 64 << 10;

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

/// The files of `testdata/`, parts of files included, and their sizes.
fn test_files() -> anyhow::Result<BTreeMap<String, u64>> {
    let mut files = BTreeMap::new();
    for folder in ["testdata", "testdata/parts"] {
        for entry in std::fs::read_dir(root().join(folder))? {
            let path: PathBuf = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_file() && !name.ends_with(".md") {
                files.insert(format!("{folder}/{name}"), path.metadata()?.len());
            }
        }
    }
    Ok(files)
}
