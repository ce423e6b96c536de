//! One screen on what was done, and what was not.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

use h5refs::kerchunk::IMAGECODECS;
use h5refs::sidecar::Sidecar;

use crate::human::{bytes, count, fault, plural};
use crate::plain::shown;

/// Lines of each kind before the rest is only counted.
const MOST: usize = 8;

/// Characters of either end of a long line.
const CLIP: usize = 150;

/// A sidecar's summary.
pub(crate) struct Summary<'a> {
    pub(crate) input: &'a str,
    pub(crate) output: &'a str,
    /// Bytes of the sidecar.
    pub(crate) size: u64,
    pub(crate) sidecar: &'a Sidecar,
}

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Sidecar { counts, trace, not_referenced, links, problems, .. } = self.sidecar;
        let (input, output) = (shown(self.input), shown(self.output));
        writeln!(f, "{input} -> {output} ({})", bytes(self.size))?;
        let chunks = counts.referenced_chunks + counts.inlined_chunks;
        writeln!(
            f,
            "  {}, {} of {}, {}: {}, {} inlined",
            plural(counts.groups, "group"),
            count(counts.arrays),
            plural(counts.datasets, "dataset"),
            plural(chunks, "chunk"),
            plural(counts.referenced_chunks, "byte range"),
            count(counts.inlined_chunks),
        )?;
        if counts.not_selected > 0 {
            writeln!(f, "  {} not asked for", plural(counts.not_selected, "dataset"))?;
        }
        if counts.linked > 0 {
            writeln!(f, "  {} more by links", plural(counts.linked, "path"))?;
        }
        let seconds = self.sidecar.elapsed.as_secs_f64();
        if trace.requests == 0 {
            writeln!(f, "  read in place, no requests; {seconds:.2} s")?;
        } else {
            writeln!(
                f,
                "  read {} in {}, {}; {seconds:.2} s",
                bytes(trace.bytes),
                plural(trace.requests, "request"),
                plural(trace.waves, "wave"),
            )?;
        }
        let codecs = self.sidecar.references.codecs();
        let further: Vec<&str> = codecs
            .iter()
            .map(String::as_str)
            .filter(|name| name.starts_with(IMAGECODECS))
            .collect();
        if !further.is_empty() {
            writeln!(f, "  readers need imagecodecs-numcodecs: {}", shown(&further.join(", ")))?;
        }
        let files = self.sidecar.files.as_deref().unwrap_or_default();
        let (found, lacking): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.found);
        if !found.is_empty() {
            writeln!(f, "  {} followed", plural(found.len() as u64, "other file"))?;
        }
        let title = "other files not to be had (missing ones read as fill values)";
        section(f, title, &lacking, |file| match &file.reason {
            // It names the file.
            Some(reason) => reason.clone(),
            None => format!("{}: no such file", file.file),
        })?;
        let without_data: Vec<_> = not_referenced.iter().filter(|each| !each.lost).collect();
        let lost: Vec<_> = not_referenced.iter().filter(|each| each.lost).collect();
        section(f, "not in the sidecar", &lost, |each| format!("{}: {}", each.path, each.reason))?;
        section(f, "without data, left out", &without_data, |each| {
            format!("{}: {}", each.path, each.reason)
        })?;
        let title = if links.len() == 1 { "link left out" } else { "links left out" };
        section(f, title, &links.iter().collect::<Vec<_>>(), |link| {
            format!("{} -> {} ({}): {}", link.path, link.target, link.kind, link.reason)
        })?;
        // What made a dataset be left out has been said with it.
        let said: HashSet<&str> = not_referenced.iter().map(|each| each.path.as_str()).collect();
        let others: Vec<_> =
            problems.iter().filter(|problem| !said.contains(problem.path.as_str())).collect();
        section(f, "could not be read", &others, |problem| {
            format!("{}: {}", problem.path, fault(&problem.error))
        })
    }
}

/// Paths may be long: the end of a line, where the reason is, and enough of its start.
fn clipped(line: &str) -> Cow<'_, str> {
    let characters = line.chars().count();
    if characters <= 2 * CLIP + 1 {
        return line.into();
    }
    let start: String = line.chars().take(CLIP).collect();
    let end: String = line.chars().skip(characters - CLIP).collect();
    format!("{start}…{end}").into()
}

fn section<T>(
    f: &mut Formatter<'_>,
    title: &str,
    items: &[T],
    line: impl Fn(&T) -> String,
) -> fmt::Result {
    if items.is_empty() {
        return Ok(());
    }
    writeln!(f, "  {} {title}:", count(items.len() as u64))?;
    for item in items.iter().take(MOST) {
        writeln!(f, "    {}", clipped(&shown(&line(item))))?;
    }
    match items.len().checked_sub(MOST) {
        Some(more @ 1..) => writeln!(f, "    and {more} more (--report FILE lists them all)"),
        _ => Ok(()),
    }
}
