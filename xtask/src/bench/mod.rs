//! `cargo xtask bench`: the benchmark, from nothing.

mod args;
mod check;
mod floor;
mod granule;
mod load;
mod report;
mod rows;
mod run;
mod server;
mod write;

use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;

use self::args::Args;
use self::check::Chunks;
use self::floor::Store;
use self::load::Rate;
use self::run::Runner;
use self::server::{ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Server};
use crate::parity::program;
use crate::root;

/// Requests at one time when the server's own speed is measured.
const CONNECTIONS: usize = 256;
/// Bytes of an answer when requests are counted: a node of a chunk B-tree has about as many.
const SMALL: u64 = 2_000;
/// Bytes of an answer when bytes are counted.
const LARGE: u64 = 1 << 20;

pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let name = "cargo xtask bench".to_owned();
    let args = match Args::try_parse_from(std::iter::once(&name).chain(arguments)) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(bench(&args))
}

async fn bench(args: &Args) -> anyhow::Result<()> {
    let granule = granule::granule(args)?;
    let key = granule.file_name().and_then(|name| name.to_str()).context("a name")?;
    let server = Server::start(std::slice::from_ref(&granule), args.distance(), args.port).await?;
    let during = Duration::from_secs(5);
    let store = Store {
        latency: args.ttfb,
        small: load::measure(&server, key, SMALL, CONNECTIONS, during).await?,
        large: load::measure(&server, key, LARGE, CONNECTIONS, during).await?,
    };
    println!("{}", shown(&store.small));
    println!("{}", shown(&store.large));
    if args.serve_only {
        return serve(&server, key).await;
    }
    let folder = root().join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let runner = Runner {
        store,
        chunks: Chunks::of(&granule).await?,
        python: granule::python()?,
        program: program()?,
        folder: folder.clone(),
        repeat: args.repeat,
        patience: Duration::from_secs(args.timeout),
        server,
        granule,
    };
    let report = report::measure(&runner, args).await?;
    std::fs::write(folder.join("report.md"), report.markdown())?;
    std::fs::write(folder.join("report.json"), format!("{:#}\n", report.json()))?;
    std::fs::write(folder.join("report.svg"), report.svg()?)?;
    println!("\n{}", report.markdown());
    if args.write {
        write::write(&report, args.scale)?;
    }
    if args.check { report::check(&report) } else { Ok(()) }
}

fn shown(rate: &Rate) -> String {
    let Rate { connections, requests, bytes, median, slowest } = rate;
    let milliseconds = |time: &Duration| time.as_secs_f64() * 1e3;
    format!(
        "the server gives {requests:.0} GET/s and {:.0} MB/s with {connections} in flight; an answer \
         takes {:.1} ms, one in a hundred over {:.1} ms",
        bytes / 1e6,
        milliseconds(median),
        milliseconds(slowest),
    )
}

/// Serves until interrupted, and says what was asked for whenever clients have been quiet for a second.
async fn serve(server: &Server, key: &str) -> anyhow::Result<()> {
    println!("export AWS_ENDPOINT_URL={}", server.endpoint());
    println!("export AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={SECRET_KEY}");
    println!("export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION} AWS_ALLOW_HTTP=true");
    println!("s3://{BUCKET}/{key}");
    server.tally().take();
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut total = server::Seen::default();
    loop {
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            _ = tick.tick() => {}
        }
        let seen = server.tally().take();
        let quiet = seen.requests == 0 && seen.bytes == 0;
        total = total.and(seen);
        if quiet && total.requests > 0 {
            println!(
                "{} requests, {} bytes, at most {} at once",
                total.requests, total.bytes, total.peak
            );
            total = server::Seen::default();
        }
    }
}

#[cfg(test)]
mod tests;
