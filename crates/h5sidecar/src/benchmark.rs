//! `h5sidecar bench`: the benchmark of `h5sidecar::bench`, asked for and shown.

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytesize::ByteSize;
use clap::parser::ValueSource;
use clap::{Args as _, CommandFactory as _};
use h5refs::render::Format;
use h5sidecar::bench::report::{Outcome, Report};
use h5sidecar::bench::{self, Plan, ROWS};

use crate::args::{Args, StorageArgs};
use crate::exit::Exit;
use crate::human::say;
use crate::output::put;
use crate::places::{Places, What};
use crate::plain::shown;

#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A path, or an s3://, gs://, az://, abfs://, http(s):// URL
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Only these rows, with commas between: original, sidecar, kerchunk, repacked, h5repack,
    /// sidecar-of-repacked, kerchunk-of-repacked, geoparquet, flatgeobuf
    #[arg(long, value_delimiter = ',', value_name = "ROW", value_parser = row)]
    pub(crate) rows: Vec<String>,
    /// Run each row so often, and tell the median, the fastest and the slowest
    #[arg(long, default_value_t = 1, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeat: u32,
    /// Seconds that one run may take, after which it is ended and has failed
    #[arg(long, default_value_t = 3600, value_name = "SECONDS")]
    pub(crate) patience: u64,
    /// Put chunks of fewer stored bytes than this into the sidecars themselves
    #[arg(long, default_value = "500", value_name = "SIZE")]
    pub(crate) inline_threshold: ByteSize,
    /// Write the report as JSON here (- for standard output)
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) json: Option<String>,
    /// Write the rows as comma-separated values here
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) csv: Option<String>,
    /// Write the report as Markdown here; it is what is printed if no other form is asked for
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) markdown: Option<String>,
    /// Draw the times as bars on a logarithmic scale, here
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) svg: Option<String>,
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

fn row(name: &str) -> Result<String, String> {
    match ROWS.iter().any(|(key, _)| *key == name) {
        true => Ok(name.to_owned()),
        false => Err("no such row".to_owned()),
    }
}

/// What makes a text of a report.
type Form = fn(&Report) -> anyhow::Result<String>;

impl BenchArgs {
    /// The forms of the report that are asked for: their names, their places, and what makes them.
    fn forms(&self) -> impl Iterator<Item = (&'static str, &str, Form)> {
        let forms: [(_, &Option<String>, Form); 4] = [
            ("JSON", &self.json, |report| Ok(report.json() + "\n")),
            ("CSV", &self.csv, |report| Ok(report.csv())),
            ("Markdown", &self.markdown, |report| Ok(report.markdown())),
            ("SVG", &self.svg, Report::svg),
        ];
        forms.into_iter().filter_map(|(name, place, form)| Some((name, place.as_deref()?, form)))
    }

    /// Whether the report can go where it shall: benchmarks take their time, and files cannot be had back.
    fn check(&self) -> Result<(), String> {
        let mut places = Places::default();
        places.read(&self.file, What::File);
        for (name, place, _) in self.forms() {
            places.write(place, What::ReportAs(name))?;
            if place != "-" {
                h5refs::sink::check(place, Format::Json).map_err(|why| why.to_string())?;
            }
        }
        Ok(())
    }
}

pub(crate) async fn run(args: BenchArgs) -> anyhow::Result<Exit> {
    if let Err(why) = args.check() {
        say(&format!("h5sidecar: {}\n", shown(&why)));
        return Ok(Exit::Usage);
    }
    let all = ROWS.iter().map(|(key, _)| (*key).to_owned());
    let plan = Plan {
        rows: if args.rows.is_empty() { all.collect() } else { args.rows.clone() },
        file: args.file.clone(),
        repeat: args.repeat,
        patience: Duration::from_secs(args.patience),
        inline_threshold: args.inline_threshold.as_u64(),
        program: std::env::current_exe().context("where this program is")?,
        storage_arguments: storage_arguments()?,
        storage: args.storage.source_options(),
        policy: args.storage.options().policy,
        command: format!("h5sidecar bench {}", h5refs::error::redact(&args.file)),
    };
    let report = bench::run(&plan, |row| say(&format!("{row} ...\n"))).await?;
    if args.forms().next().is_none() {
        put("-", report.markdown(), &plan.storage).await?;
    }
    for (_, place, form) in args.forms() {
        put(place, form(&report)?, &plan.storage).await?;
    }
    let rows = report.tables.iter().flat_map(|table| &table.rows);
    let failed = rows.filter(|row| matches!(row.outcome, Outcome::Failed { .. })).count();
    Ok(if failed == 0 { Exit::Ok } else { Exit::Incomplete })
}

/// What of the command line is about storage, as it was given: for `h5sidecar index`, run as a process.
fn storage_arguments() -> anyhow::Result<Vec<OsString>> {
    let matches = Args::command().try_get_matches()?;
    let Some(matches) = matches.subcommand_matches("bench") else { bail!("not h5sidecar bench") };
    let mut arguments = Vec::new();
    for argument in StorageArgs::augment_args(clap::Command::new("storage")).get_arguments() {
        let (id, Some(long)) = (argument.get_id().as_str(), argument.get_long()) else { continue };
        // What comes from the environment is in the other's too.
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        arguments.push(OsString::from(format!("--{long}")));
        if argument.get_action().takes_values() {
            arguments.extend(matches.get_raw(id).into_iter().flatten().map(OsString::from));
        }
    }
    Ok(arguments)
}
