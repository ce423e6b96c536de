//! The seeds that are in the repository: few and small inputs that reach as much as all of them do.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{cargo_fuzz, folder, is_of_whole_files, limits};
use crate::{call, root};

/// Bytes of a seed, and of all seeds of a target.
const STRUCTURE: (u64, u64) = (1 << 10, 32 << 10);
const WHOLE_FILE: (u64, u64) = (6 << 10, 120 << 10);

/// Chooses the seeds of targets anew: of the structures in the test files, of what fuzzing has kept, and of the seeds
/// that there are.
pub(super) fn choose(targets: &[String]) -> anyhow::Result<()> {
    let work = root().join("target/fuzz-seeds");
    let structures = work.join("structures");
    let mut take_apart = Command::new("cargo");
    take_apart.args(["run", "--quiet", "-p", "e2e", "--example", "seeds", "--"]).arg(&structures);
    call(take_apart.current_dir(root()))?;
    for target in targets {
        let seeds = folder().join("seeds").join(target);
        let (largest, most) = if is_of_whole_files(target) { WHOLE_FILE } else { STRUCTURE };
        let candidates = work.join("candidates").join(target);
        let chosen = work.join("chosen").join(target);
        for emptied in [&candidates, &chosen] {
            if emptied.exists() {
                fs::remove_dir_all(emptied)?;
            }
            fs::create_dir_all(emptied)?;
        }
        for from in [&seeds, &structures.join(target), &folder().join("corpus").join(target)] {
            copy(from, &candidates, largest, u64::MAX)?;
        }
        // Smallest first, each that reaches what none before did.
        let mut merge = cargo_fuzz();
        merge.args(["run", target]).args([&chosen, &candidates]).args(["--", "-merge=1"]);
        call(merge.args(limits(target)))?;
        if seeds.exists() {
            fs::remove_dir_all(&seeds)?;
        }
        fs::create_dir_all(&seeds)?;
        let (count, bytes) = copy(&chosen, &seeds, largest, most)?;
        println!("{target}: {count} seeds, {bytes} bytes");
    }
    Ok(())
}

/// Copies files of `largest` bytes at most, the smallest first, `most` bytes in all; tells how many, and how many bytes.
fn copy(from: &Path, to: &Path, largest: u64, most: u64) -> anyhow::Result<(u64, u64)> {
    let (mut count, mut total) = (0_u64, 0_u64);
    if !from.is_dir() {
        return Ok((0, 0));
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        files.push((entry.metadata()?.len(), entry.file_name()));
    }
    files.sort();
    for (length, name) in files {
        if length > largest || total + length > most {
            break;
        }
        fs::copy(from.join(&name), to.join(&name))?;
        count += 1;
        total += length;
    }
    Ok((count, total))
}
