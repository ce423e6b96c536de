//! `cargo xtask bench`: the benchmark, from nothing.

mod args;
mod load;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;

use self::args::{Args, Scale};
use self::load::Rate;
use self::server::{ACCESS_KEY, BUCKET, REGION, SECRET_KEY, Server};
use crate::root;

/// Requests at one time when the server's own speed is measured.
const CONNECTIONS: usize = 256;

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
    let granule = granule(args)?;
    let key = granule.file_name().and_then(|name| name.to_str()).context("a name")?;
    let server = Server::start(std::slice::from_ref(&granule), args.distance(), args.port).await?;
    say_speed(&measure(&server, key).await?);
    if args.serve_only {
        return serve(&server, key).await;
    }
    anyhow::bail!("the peers are not built yet")
}

async fn measure(server: &Server, key: &str) -> anyhow::Result<[Rate; 2]> {
    let during = Duration::from_secs(5);
    Ok([
        load::measure(server, key, 2_000, CONNECTIONS, during).await?,
        load::measure(server, key, 1 << 20, CONNECTIONS, during).await?,
    ])
}

fn say_speed(rates: &[Rate]) {
    for rate in rates {
        println!(
            "server: {:.0} GET/s, {:.0} MB/s with {} in flight; an answer takes {:.1} ms, one in a hundred over {:.1} ms",
            rate.requests,
            rate.bytes / 1e6,
            rate.connections,
            rate.median.as_secs_f64() * 1e3,
            rate.slowest.as_secs_f64() * 1e3,
        );
    }
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

fn granule(args: &Args) -> anyhow::Result<PathBuf> {
    if let Some(granule) = &args.granule {
        return Ok(granule.clone());
    }
    match args.scale {
        Scale::Mini => Ok(root().join("testdata/atl03_mini.h5")),
        Scale::Medium | Scale::Full => anyhow::bail!("not built yet: --granule FILE"),
    }
}
