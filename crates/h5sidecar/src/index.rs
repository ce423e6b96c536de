//! `h5sidecar index`: a sidecar for each file.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use h5refs::fetch::Counters;
use h5refs::follow::Follow;
use h5refs::kerchunk::Selection;
use h5refs::sidecar::{Sidecar, sidecar};
use h5refs::sink::write_whole;
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
        write(location, report.into_bytes(), &args).await.context("the report")?;
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
    // Nothing that is written may replace what is read, or something else that is written.
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for file in &args.files {
        taken.insert(place(file), "a file that is read");
    }
    let outputs = args.files.iter().map(|file| output(file, args.output.as_deref()));
    let outputs = outputs.map(|output| (output, "a sidecar"));
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
    options.references.max_linked = args.max_linked;
    options.references.inline_threshold = args.inline_threshold;
    options.references.max_inline_vlen = args.max_inline_vlen;
    options.references.transcode_below = args.transcode_below;
    options.references.subchunk = args.subchunk;
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

    let output = output(file, args.output.as_deref());
    write(&output, sidecar.json.to_vec(), args).await?;
    if !args.quiet {
        let output = h5refs::error::redact(&output);
        say(&Summary { input: &shown, output: &output, sidecar: &sidecar }.to_string());
    }
    Ok(sidecar)
}

async fn write(location: &str, bytes: Vec<u8>, args: &IndexArgs) -> anyhow::Result<()> {
    if location == "-" {
        let mut stdout = std::io::stdout().lock();
        return match stdout.write_all(&bytes).and_then(|()| stdout.flush()) {
            // Whoever read the output has enough of it.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            done => done.context("standard output"),
        };
    }
    Ok(write_whole(location, bytes.into(), &args.storage.source_options()).await?)
}

/// Where the sidecar of `file` goes.
fn output(file: &str, output: Option<&str>) -> String {
    let name = format!("{}.json", name(file));
    match output {
        Some(directory) if is_directory(directory) => {
            format!("{}/{name}", directory.trim_end_matches('/'))
        }
        Some(output) => output.to_owned(),
        None if is_remote(file) => name,
        None => format!("{file}.json"),
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
        assert_eq!(output("dir/a.h5", None), "dir/a.h5.json");
        assert_eq!(output("s3://bucket/dir/a.h5", None), "a.h5.json");
        assert_eq!(output("https://host/a.h5?sig=1", None), "a.h5.json");
        assert_eq!(output("dir/a.h5", Some("out/")), "out/a.h5.json");
        assert_eq!(output("dir/a.h5", Some("s3://bucket/out/")), "s3://bucket/out/a.h5.json");
        assert_eq!(output("dir/a.h5", Some("x.json")), "x.json");
        assert_eq!(output("dir/a.h5", Some("-")), "-");
    }
}
