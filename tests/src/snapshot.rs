//! Snapshots: expected output, kept as text beside the tests and reviewed with them.

use std::path::Path;

/// Compares `found` with the file at `path`; with `BLESS=1` in the environment, replaces it.
///
/// # Panics
/// If they differ.
pub fn assert_snapshot(path: &Path, found: &str) {
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, found).unwrap();
        return;
    }
    let shown = path.display();
    let Ok(expected) = std::fs::read_to_string(path) else {
        panic!("no snapshot {shown}; BLESS=1 makes it");
    };
    if expected == found {
        return;
    }
    let mut lines = expected.lines().zip(found.lines()).enumerate();
    let first = lines.find(|(_, (expected, found))| expected != found);
    let (line, (expected_line, found_line)) =
        first.unwrap_or((expected.lines().count().min(found.lines().count()), ("", "")));
    panic!(
        "{shown} differs from line {} on:\n  expected {expected_line}\n  found    {found_line}\n\
         If the new output is right, BLESS=1 accepts it.",
        line + 1
    );
}
