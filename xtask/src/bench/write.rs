//! The last run of a scale, put into the documents: between two marks.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use h5sidecar::bench::report::{Outcome, Report};
use h5sidecar::human::{bytes, count};

use super::args::Scale;
use crate::root;

const END: &str = "<!-- end of bench -->";

/// A short table into the README, all of the report into the document on the benchmark.
pub(super) fn write(report: &Report, scale: Scale) -> anyhow::Result<()> {
    put(&root().join("README.md"), scale, &short(report))?;
    // The document has a title of its own, and its headings are two levels deeper.
    let markdown = report.markdown();
    let body = markdown.split_once("\n\n").map_or("", |(_, body)| body).replace("\n## ", "\n#### ");
    put(&root().join("docs/benchmark.md"), scale, &format!("{}, {body}", report.title))
}

fn put(file: &Path, scale: Scale, text: &str) -> anyhow::Result<()> {
    let start = format!("<!-- cargo xtask bench --scale {} --write -->\n", scale.name());
    let shown = || format!("{}: {}", file.display(), start.trim());
    let old = std::fs::read_to_string(file).with_context(shown)?;
    let (before, rest) = old.split_once(&start).with_context(shown)?;
    let (_, after) = rest.split_once(END).with_context(shown)?;
    std::fs::write(file, format!("{before}{start}{text}{END}{after}")).with_context(shown)
}

/// The rows of the store, without what only matters to those who look closer.
fn short(report: &Report) -> String {
    let mut out = String::new();
    // Nothing that writes to memory fails.
    _ = writeln!(out, "{}, {}, `{}`:\n", report.title, report.date, report.command);
    _ = writeln!(out, "| | seconds | requests | read | memory |\n|---|---:|---:|---:|---:|");
    let Some(table) = report.tables.first() else { return out };
    for row in &table.rows {
        _ = match &row.outcome {
            Outcome::Ok(measured) | Outcome::Computed(measured) => {
                let size = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), bytes);
                writeln!(
                    out,
                    "| {} | {:.2} | {} | {} | {} |",
                    row.what,
                    measured.seconds.median,
                    measured.requests.map_or_else(|| "-".to_owned(), count),
                    size(measured.bytes_read),
                    size(measured.peak_memory),
                )
            }
            Outcome::Failed { .. } => writeln!(out, "| {} | failed | | | |", row.what),
            Outcome::NotRun { .. } => writeln!(out, "| {} | not run | | | |", row.what),
        };
    }
    out.push('\n');
    for line in report.machine.lines().iter().take(1) {
        _ = writeln!(out, "{line}. {}", report.notes.last().map_or("", String::as_str));
    }
    out.push('\n');
    out
}
