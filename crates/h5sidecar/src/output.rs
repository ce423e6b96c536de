//! Where sidecars go, in which format, and what the command line as a whole can be wrong about.

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use h5refs::error::redact;
use h5refs::render::{Format, Layout};
use h5refs::sink::write_whole;
use h5refs::source::SourceOptions;

use crate::args::IndexArgs;
use crate::inputs::Inputs;
use crate::places::{Places, What, is_remote, local_path};

/// What only the command line as a whole can be wrong about.
pub(crate) fn check(args: &IndexArgs, inputs: &Inputs) -> Result<(), String> {
    if inputs.list.is_empty() {
        return Err("the list names no files".into());
    }
    match &args.output {
        Some(output) if inputs.several && !is_directory(output) => {
            let why = "several files need a directory for --output (a URL that ends with /)";
            return Err(why.into());
        }
        _ if inputs.several && args.url.is_some() => return Err("--url is for one file".into()),
        _ => {}
    }
    if args.if_stale && args.output.as_deref() == Some("-") {
        return Err("--if-stale needs a place where a sidecar may be, not standard output".into());
    }
    let parquet = format(args) == Format::Parquet;
    let outputs = || inputs.files().map(|file| (file, output(file, args)));
    if parquet && args.templates {
        return Err("--templates is for JSON".into());
    }
    // Readers go by the name: what has this in it is JSON to them.
    if parquet && let Some((_, output)) = outputs().find(|(_, name)| name.contains(".json")) {
        let output = redact(&output);
        return Err(format!("{output}: readers take it for JSON by its name; end it with .parq"));
    }
    if parquet && args.output.as_deref() == Some("-") {
        return Err("a sidecar in the parquet format is a directory, and needs a place".into());
    }
    if let Some(output) = &args.output {
        check_output(output, args)?;
    }
    if let Some(report) = args.report.as_deref().filter(|report| *report != "-") {
        h5refs::sink::check(report, Format::Json).map_err(|why| format!("--report: {why}"))?;
    }
    // Nothing that is written may replace what is read, or something else that is written.
    let mut places = Places::default();
    for file in inputs.files() {
        places.read(file, What::File);
    }
    for list in args.manifest.iter().filter(|list| *list != "-") {
        places.read(list, What::List);
    }
    for (file, output) in outputs() {
        places.write(&output, What::SidecarOf(file))?;
    }
    match &args.report {
        Some(report) => places.write(report, What::Report),
        None => Ok(()),
    }
}

/// What `--output` alone can be wrong about, for all files alike.
fn check_output(output: &str, args: &IndexArgs) -> Result<(), String> {
    let is_path = output.ends_with('/') && !output.contains("://");
    if is_path && format(args) != Format::Parquet && !Path::new(output).is_dir() {
        return Err(format!("{output}: there is no such directory"));
    }
    let named = Format::of_name(output).filter(|_| !is_directory(output));
    match named {
        Some(named) if named != format(args) => Err(format!(
            "{}: by its name this is {}, by --format {}",
            redact(output),
            named.suffix().trim_start_matches('.'),
            format(args).suffix().trim_start_matches('.'),
        )),
        _ => Ok(()),
    }
}

/// How sidecars are rendered.
pub(crate) fn layout(args: &IndexArgs) -> Layout {
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
pub(crate) fn output(file: &str, args: &IndexArgs) -> String {
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
    output.ends_with('/') || local_path(output).is_some_and(|path| path.is_dir())
}

/// The last part of a path or URL, without a query.
fn name(file: &str) -> String {
    let shown = redact(file);
    shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
}

/// Writes a report to a place, whole or not at all, or to standard output. That whoever reads it there has enough is no
/// failure.
pub(crate) async fn put(
    location: &str,
    report: String,
    storage: &SourceOptions,
) -> anyhow::Result<()> {
    if location != "-" {
        return Ok(write_whole(location, report.into(), storage).await?);
    }
    let mut stdout = io::stdout().lock();
    match stdout.write_all(report.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(()),
    }
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
