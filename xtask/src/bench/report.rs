//! The report: rows in two tables, what one has to know to read them, and what they have to show.

use anyhow::{bail, ensure};
use h5sidecar::bench::machine::Machine;
use h5sidecar::bench::now;
use h5sidecar::bench::report::{Outcome, Report, Row, Table};
use h5sidecar::human::bytes;

use super::args::Args;
use super::rows::{LOCAL, REMOTE, Way};
use super::run::Runner;
use super::shown;

/// What is fair about it, and what not, in short.
const NOTES: [&str; 8] = [
    "speed is against the first row of each table; memory is the peak of the row's process, with \
     Python and its packages where it is one, and, of h5sidecar on a local file, with what it has seen of the \
     mapped file, which the system may take back at any time",
    "seconds of Python are of the work, with connecting and writing, without its start and imports; \
     ours are of the whole process",
    "the study's code passes its cache arguments to open(), where they never reach the cache: in 2023 it \
     ran with s3fs's read-ahead in blocks of 5 MiB, and gets them here; with today's default of 50 MiB it \
     is slower",
    "kerchunk and the first row of h5sidecar have chunks below 300 bytes inlined, as the study did, and \
     read them for that; the others only find where chunks are, as h5sidecar does with nothing inlined",
    "VirtualiZarr, pyfive and async-hdf5 give no sidecar: to find all chunks and read all attributes \
     (pyfive: chunks only) is all that is timed",
    "each row's byte ranges are compared with those of our reader, dataset by dataset, and ours are \
     verified against the file, chunks decoded; only then its time counts",
    "the floor is what reading exactly what is needed takes, each piece as soon as its address is known, at \
     the rate and bandwidth that the server gives; reading more than is needed can take fewer rounds, so \
     it can be beaten",
    "all run on this machine, one after the other, and share it with the server",
];

pub(super) async fn measure(runner: &Runner, args: &Args) -> anyhow::Result<Report> {
    let length = std::fs::metadata(&runner.granule)?.len();
    let store = format!(
        "S3 on this machine, {} ms to the first byte, {}/s a connection, the file in memory",
        args.ttfb.as_millis(),
        args.bandwidth.display().si(),
    );
    let store = vec![store, shown(&runner.store.small), shown(&runner.store.large)];
    let machine = Machine::this(store);
    let remote = rows(runner, args, &REMOTE, true).await;
    let local = rows(runner, args, &LOCAL, false).await;
    let mut notes: Vec<String> = NOTES.map(str::to_owned).into();
    notes.extend(distance_to_floor(&remote));
    let tables = [("From the store", remote), ("From this machine's disk", local)];
    let tables = tables.into_iter().filter(|(_, rows)| !rows.is_empty());
    Ok(Report {
        title: format!("All chunks of the {} granule ({})", args.scale.name(), bytes(length)),
        command: command(args),
        date: now(),
        machine,
        notes,
        tables: tables.map(|(title, rows)| Table { title: title.to_owned(), rows }).collect(),
    })
}

async fn rows(runner: &Runner, args: &Args, ways: &[Way], remote: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for way in ways {
        if args.rows.is_empty() || args.rows.iter().any(|key| key == way.key) {
            println!("{} ...", way.key);
            rows.push(runner.row(way, remote).await);
        }
    }
    rows
}

/// How far ours are from their floors.
fn distance_to_floor(rows: &[Row]) -> Option<String> {
    let seconds = |key: &str| rows.iter().find(|row| row.key == key)?.seconds();
    let times = |ours: &str, floor: &str| Some(seconds(ours)? / seconds(floor)?);
    let inlined = times("ours", "floor")?;
    let ranges = times("ours-without-inlining", "floor-without-inlining")?;
    Some(format!(
        "h5sidecar takes {inlined:.2} times its floor, with nothing inlined {ranges:.2} times"
    ))
}

fn command(args: &Args) -> String {
    let mut command = format!("cargo xtask bench --scale {}", args.scale.name());
    if args.granule.is_some() {
        command.push_str(" --granule FILE");
    }
    if !args.rows.is_empty() {
        command.push_str(&format!(" --rows {}", args.rows.join(",")));
    }
    let bandwidth = args.bandwidth.display().si().to_string().replace(' ', "");
    command + &format!(" --ttfb {}ms --bandwidth {bandwidth}/s", args.ttfb.as_millis())
}

/// Every row is there and was run, ours are right, and faster than kerchunk in the same run.
pub(super) fn check(report: &Report) -> anyhow::Result<()> {
    for way in REMOTE.iter().chain(&LOCAL) {
        let Some(row) = report.row(way.key) else { bail!("no row {}", way.key) };
        ensure!(!matches!(row.outcome, Outcome::NotRun { .. }), "{} was not run", way.key);
        if let (Outcome::Failed { reason }, true) = (&row.outcome, way.key.starts_with("ours")) {
            bail!("{}: {reason}", way.key);
        }
    }
    let seconds = |key: &str| report.row(key).and_then(Row::seconds);
    for (ours, theirs) in [
        ("ours", &["kerchunk-study", "kerchunk-1mib", "kerchunk-8mib"][..]),
        ("ours-local", &["kerchunk-local"]),
    ] {
        let ours_seconds = seconds(ours).unwrap_or(f64::INFINITY);
        // kerchunk hangs now and then: a row of it may have no time, but not all.
        let timed: Vec<_> = theirs.iter().filter_map(|key| Some((key, seconds(key)?))).collect();
        ensure!(!timed.is_empty(), "no times of {}", theirs.join(", "));
        for (theirs, theirs_seconds) in timed {
            ensure!(
                ours_seconds < theirs_seconds,
                "{ours} took {ours_seconds:.2} s, {theirs} {theirs_seconds:.2} s"
            );
        }
    }
    Ok(())
}
