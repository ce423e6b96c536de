//! The command line: arguments in, exit code out. What it does is in `h5refs`.

mod args;
mod benchmark;
mod exit;
mod index;
mod inputs;
mod jobs;
mod ls;
mod misuse;
mod output;
mod places;
mod progress;
mod stop;
mod summary;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use h5sidecar::plain::Logs;
use h5sidecar::{human, plain};

use self::args::{Args, Command};
use self::exit::Exit;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            if error.use_stderr() {
                human::say(&misuse::said(&error, std::env::args_os()));
                return Exit::Usage.into();
            }
            // What cannot be printed cannot be helped.
            let _ = error.print();
            return Exit::Ok.into();
        }
    };
    log(args.verbose);
    match run(args) {
        Ok(exit) => exit.into(),
        Err(error) => {
            human::say(&format!("h5sidecar: {}\n", human::failure(&error)));
            Exit::of(&error).into()
        }
    }
}

fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let verbose = args.verbose;
    let exit = runtime.block_on(async {
        match args.command {
            Command::Index(args) => index::run(args, verbose).await,
            Command::Ls(args) => ls::run(args).await,
            Command::Verify(args) => verify::run(args).await,
            Command::Bench(args) => benchmark::run(args).await,
        }
    });
    // Whoever still computes does so in vain: what is written has been waited for.
    runtime.shutdown_background();
    exit
}

/// Logs go to standard error, retries and the like only if asked for. The environment has no say in it: what
/// other libraries trace is requests with all their headers.
fn log(verbose: bool) {
    let level = if verbose { "h5refs=debug,object_store=info" } else { "warn" };
    tracing_subscriber::fmt().with_env_filter(level).with_writer(Logs).init();
}
