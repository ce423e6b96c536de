//! `h5sidecar index`: a sidecar for each file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use h5refs::fetch::Counters;
use h5refs::follow::Follow;
use h5refs::kerchunk::Selection;
use h5refs::render::{Format, Layout, Rendered};
use h5refs::sidecar::{Sidecar, sidecar};
use h5refs::source::Opener;
use serde_json::{Value, json};

use crate::args::IndexArgs;
use crate::exit::Exit;
use crate::human::{failure, say};
use crate::progress;
use crate::summary::Summary;

pub(crate) async fn run(args: IndexArgs) -> anyhow::Result<Exit> {
    if let Err(why) = check(&args) {
        say(&format!("h5sidecar: {why}\n"));
        return Ok(Exit::Usage);
    }
    let opener = Arc::new(Opener::new(args.storage.source_options()));
    let mut worst = Exit::Ok;
    let mut report = String::new();
    for file in &args.files {
        let (exit, line) = match one(file, &args, &opener).await {
            Ok(sidecar) => {
                let complete = sidecar.is_complete() || !args.strict;
                let exit = if complete { Exit::Ok } else { Exit::Incomplete };
                (exit, sidecar.report(file))
            }
            Err(error) => {
                say(&format!("h5sidecar: {}\n", failure(&error)));
                (Exit::of(&error), failed(file, &error))
            }
        };
        worst = worst.max(exit);
        report.push_str(&line.to_string());
        report.push('\n');
    }
    if let Some(location) = &args.report {
        write(location, Rendered::File(report.into()), &args).await.context("the report")?;
    }
    Ok(worst)
}

/// What only the command line as a whole can be wrong about.
fn check(args: &IndexArgs) -> Result<(), String> {
    let several = args.files.len() > 1;
    match &args.output {
        Some(output) if several && !is_directory(output) => {
            let why = "several files need a directory for --output (a URL that ends with /)";
            return Err(why.into());
        }
        _ if several && args.url.is_some() => return Err("--url is for one file".into()),
        _ => {}
    }
    let parquet = format(args) == Format::Parquet;
    let outputs = || args.files.iter().map(|file| output(file, args));
    if parquet && args.templates {
        return Err("--templates is for JSON".into());
    }
    // Readers go by the name: what has this in it is JSON to them.
    if parquet && let Some(output) = outputs().find(|output| output.contains(".json")) {
        return Err(format!("{output}: readers take it for JSON by its name; end it with .parq"));
    }
    if parquet && args.output.as_deref() == Some("-") {
        return Err("a sidecar in the parquet format is a directory, and needs a place".into());
    }
    // Nothing that is written may replace what is read, or something else that is written.
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for file in &args.files {
        taken.insert(place(file), "a file that is read");
    }
    let outputs = outputs().map(|output| (output, "a sidecar"));
    let report = args.report.iter().map(|report| (report.clone(), "the report"));
    for (location, what) in outputs.chain(report) {
        if let Some(other) = taken.insert(place(&location), what) {
            return Err(format!("{location} would be both {other} and {what}"));
        }
    }
    Ok(())
}

/// A location, the same for every way to write a path.
fn place(location: &str) -> String {
    if is_remote(location) || location == "-" {
        return location.to_owned();
    }
    let path = Path::new(location.strip_prefix("file://").unwrap_or(location));
    let whole = std::fs::canonicalize(path).ok().or_else(|| {
        // What is not there yet is in a directory that is.
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = std::fs::canonicalize(parent.unwrap_or(Path::new("."))).ok()?;
        Some(parent.join(path.file_name()?))
    });
    whole.unwrap_or_else(|| path.to_owned()).to_string_lossy().into_owned()
}

async fn one(file: &str, args: &IndexArgs, opener: &Arc<Opener>) -> anyhow::Result<Sidecar> {
    let mut options = args.storage.options();
    let (include, exclude) = (&args.include, &args.exclude);
    options.references.selection =
        Selection::new(include, exclude, args.group.as_deref()).map_err(|reason| {
            h5refs::Error::Usage { location: "--include, --exclude".into(), reason }
        })?;
    options.references.links = args.links.into();
    options.references.max_linked = args.max_linked.as_u64();
    options.references.inline_threshold = args.inline_threshold.as_u64();
    options.references.max_inline_vlen = args.max_inline_vlen.as_u64();
    options.references.transcode_below = args.transcode_below.as_u64();
    options.references.subchunk = args.subchunk.map(|size| size.as_u64().max(1));
    options.references.codecs = args.codecs.into();
    options.record_version = args.record_version;
    options.url.clone_from(&args.url);
    options.follow = args.follow_external.then(|| {
        let mut follow = Follow::new(Arc::clone(opener));
        follow.max_files = args.max_files;
        follow
    });
    let counters = Counters::default();
    let source = opener.open(file).await?;
    let shown = h5refs::error::redact(file);
    let work = sidecar(&*source, &options, &counters);
    let sidecar = progress::shown(&shown, &counters, args.quiet, work).await?;

    let output = output(file, args);
    let rendered = sidecar.render(layout(args))?;
    let size = rendered.len();
    write(&output, rendered, args).await?;
    if !args.quiet {
        let output = h5refs::error::redact(&output);
        say(&Summary { input: &shown, output: &output, size, sidecar: &sidecar }.to_string());
    }
    Ok(sidecar)
}

async fn write(location: &str, rendered: Rendered, args: &IndexArgs) -> anyhow::Result<()> {
    if let (Rendered::File(bytes), "-") = (&rendered, location) {
        let mut stdout = std::io::stdout().lock();
        return match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            // Whoever read the output has enough of it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            done => done.context("standard output"),
        };
    }
    Ok(h5refs::sink::write(location, rendered, &args.storage.source_options()).await?)
}

fn layout(args: &IndexArgs) -> Layout {
    let mut layout = Layout::default();
    layout.format = format(args);
    layout.templates = args.templates;
    layout.consolidated = !args.no_consolidated;
    layout.record_size = args.record_size.into();
    layout
}

/// The format asked for, or that of the output's name.
fn format(args: &IndexArgs) -> Format {
    // Only of the parquet format is a directory the sidecar itself.
    let named = args.output.as_deref().and_then(|output| {
        let named = Format::of_name(output);
        named.filter(|format| *format == Format::Parquet || !is_directory(output))
    });
    args.format.map_or_else(|| named.unwrap_or_default(), Format::from)
}

/// Where the sidecar of `file` goes.
fn output(file: &str, args: &IndexArgs) -> String {
    place_of(file, args.output.as_deref(), format(args))
}

fn place_of(file: &str, output: Option<&str>, format: Format) -> String {
    let suffix = format.suffix();
    let name = format!("{}{suffix}", name(file));
    match output {
        // A directory may be a sidecar itself, to be replaced.
        Some(output) if format == Format::Parquet && Format::of_name(output) == Some(format) => {
            output.to_owned()
        }
        Some(directory) if is_directory(directory) => {
            format!("{}/{name}", directory.trim_end_matches('/'))
        }
        Some(output) => output.to_owned(),
        None if is_remote(file) => name,
        None => format!("{file}{suffix}"),
    }
}

fn is_directory(output: &str) -> bool {
    output.ends_with('/') || (!is_remote(output) && Path::new(output).is_dir())
}

fn is_remote(location: &str) -> bool {
    location.contains("://") && !location.starts_with("file://")
}

/// The last part of a path or URL, without a query.
fn name(file: &str) -> String {
    let shown = h5refs::error::redact(file);
    shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

fn failed(file: &str, error: &anyhow::Error) -> Value {
    json!({
        "file": h5refs::error::redact(file),
        "complete": false,
        "error": format!("{error:#}"),
        "exit": Exit::of(error) as u8,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sidecars_have_places() {
        let place = |file, output| place_of(file, output, Format::Json);
        assert_eq!(place("dir/a.h5", None), "dir/a.h5.json");
        assert_eq!(place("s3://bucket/dir/a.h5", None), "a.h5.json");
        assert_eq!(place("https://host/a.h5?sig=1", None), "a.h5.json");
        assert_eq!(place("dir/a.h5", Some("out/")), "out/a.h5.json");
        assert_eq!(place("dir/a.h5", Some("s3://bucket/out/")), "s3://bucket/out/a.h5.json");
        assert_eq!(place("dir/a.h5", Some("x.json")), "x.json");
        assert_eq!(place("dir/a.h5", Some("-")), "-");
        let tables = |output| place_of("dir/a.h5", output, Format::Parquet);
        assert_eq!(tables(None), "dir/a.h5.parq");
        assert_eq!(tables(Some("out/")), "out/a.h5.parq");
        // Not in it, though it is a directory.
        assert_eq!(tables(Some("out/x.parq/")), "out/x.parq/");
    }
}
