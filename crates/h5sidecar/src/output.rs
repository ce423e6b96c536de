//! Where sidecars go, in which format, and what the command line as a whole can be wrong about.

use std::collections::BTreeMap;
use std::path::Path;

use h5refs::error::redact;
use h5refs::render::{Format, Layout};

use crate::args::IndexArgs;
use crate::inputs::Inputs;

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
    let mut taken: BTreeMap<String, What<'_>> = BTreeMap::new();
    for file in inputs.files() {
        taken.insert(place(file), What::File);
    }
    let outputs = outputs().map(|(file, output)| (output, What::SidecarOf(file)));
    let report = args.report.iter().map(|report| (report.clone(), What::Report));
    for (location, what) in outputs.chain(report) {
        if let Some(other) = taken.insert(place(&location), what) {
            let location = redact(&location);
            return Err(format!("{location} would be both {} and {}", other.text(), what.text()));
        }
    }
    Ok(())
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

/// What is at a place.
#[derive(Clone, Copy)]
enum What<'a> {
    File,
    SidecarOf(&'a str),
    Report,
}

impl What<'_> {
    fn text(self) -> String {
        match self {
            Self::File => "a file that is read".into(),
            Self::SidecarOf(file) => format!("the sidecar of {}", redact(file)),
            Self::Report => "the report".into(),
        }
    }
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
    output.ends_with('/') || (!is_remote(output) && Path::new(output).is_dir())
}

pub(crate) fn is_remote(location: &str) -> bool {
    let is_file = location.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("file://"));
    location.contains("://") && !is_file
}

/// The last part of a path or URL, without a query.
fn name(file: &str) -> String {
    let shown = redact(file);
    shown.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
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
