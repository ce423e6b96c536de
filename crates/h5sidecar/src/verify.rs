//! `h5sidecar verify`: a sidecar against its file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use h5refs::fetch::Counters;
use h5refs::source::Opener;
use h5refs::verify::{Options, Verified, verify};
use serde_json::Value;

use crate::args::VerifyArgs;
use crate::exit::Exit;
use crate::human::{bytes, count, plural};
use crate::plain::{json, shown};
use crate::progress;

/// Faults before the rest is only counted.
const MOST: usize = 20;

pub(crate) async fn run(args: VerifyArgs) -> anyhow::Result<Exit> {
    let opener = Opener::new(args.storage.source_options());
    let mut options = Options::default();
    options.policy = args.storage.options().policy;
    options.sample = if args.all { u64::MAX } else { args.sample };
    options.file.clone_from(&args.file);
    if let Some(report) = &args.indexed {
        options.reported = reported(report)?;
    }
    let counters = Counters::default();
    let name = shown(&h5refs::error::redact(&args.sidecar));
    let work = verify(&args.sidecar, &opener, &options, &counters);
    let verified = progress::shown(&name, &counters, args.json, work).await?;
    let printed = match args.json {
        true => json(&verified.report(&args.sidecar)) + "\n",
        false => summary(&name, &verified),
    };
    match std::io::stdout().lock().write_all(printed.as_bytes()) {
        // Whoever read the output has enough of it.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.context("standard output")?,
    }
    Ok(match (verified.faults.is_empty(), verified.not_decoded.is_empty()) {
        (false, _) => Exit::Malformed,
        (true, false) if args.strict => Exit::Incomplete,
        (true, _) => Exit::Ok,
    })
}

/// What a report of `h5sidecar index`, one object a line, says of each of its files.
fn reported(report: &Path) -> anyhow::Result<BTreeMap<String, Value>> {
    let named = || report.display().to_string();
    let text = std::fs::read_to_string(report).with_context(named)?;
    let mut reported = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).with_context(named)?;
        if let Some(file) = line["file"].as_str().filter(|_| line["version"].is_object()) {
            reported.insert(file.to_owned(), line);
        }
    }
    if reported.is_empty() {
        bail!("{}: no report of h5sidecar index", named());
    }
    Ok(reported)
}

fn summary(name: &str, verified: &Verified) -> String {
    let Verified { groups, arrays, referenced_chunks, inlined_chunks, decoded, trace, .. } =
        verified;
    let mut out = String::new();
    let right = if verified.faults.is_empty() { "right" } else { "WRONG" };
    // Nothing that writes to memory fails.
    _ = writeln!(out, "{name}: {right}");
    _ = writeln!(
        out,
        "  {}, {}, {}: {}, {} inlined",
        plural(*groups, "group"),
        plural(*arrays, "array"),
        plural(referenced_chunks + inlined_chunks, "chunk"),
        plural(*referenced_chunks, "byte range"),
        count(*inlined_chunks),
    );
    for file in &verified.files {
        let length = file.version.length.map_or_else(|| "of unknown length".into(), bytes);
        _ = writeln!(out, "  {} ({length})", shown(&file.file));
    }
    _ = write!(out, "  {} decoded", plural(*decoded, "chunk"));
    let seconds = verified.elapsed.as_secs_f64();
    _ = match trace.requests {
        0 => writeln!(out, ", read in place; {seconds:.2} s"),
        n => writeln!(out, ", {} in {}; {seconds:.2} s", bytes(trace.bytes), plural(n, "request")),
    };
    for (what, n) in &verified.not_decoded {
        _ = writeln!(out, "  {} not decoded: {}", plural(*n, "chunk"), shown(what));
    }
    if !verified.faults.is_empty() {
        _ = writeln!(out, "  {}:", plural(verified.faults.len() as u64, "fault"));
    }
    for fault in verified.faults.iter().take(MOST) {
        let key = if fault.key.is_empty() { String::new() } else { format!("{}: ", fault.key) };
        _ = writeln!(out, "    {}", shown(&format!("{key}{}", fault.reason)));
    }
    if let Some(more @ 1..) = verified.faults.len().checked_sub(MOST) {
        _ = writeln!(out, "    and {more} more (--json lists them all)");
    }
    out
}
