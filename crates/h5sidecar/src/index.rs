//! `h5sidecar index`: a sidecar for each file.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use h5refs::error::{redact, scrub};
use h5refs::fetch::Counters;
use h5refs::follow::Follow;
use h5refs::fresh::{Fresh, Recipe, fresh};
use h5refs::kerchunk::Selection;
use h5refs::render::Layout;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::sink::{Counted, write_sidecar};
use h5refs::source::{Opener, SourceOptions};
use serde_json::{Value, json};

use crate::args::IndexArgs;
use crate::exit::Exit;
use crate::human::{count, failure, fault, pace, plural, say, traffic};
use crate::inputs::{Input, Inputs};
use crate::jobs;
use crate::output::{check, layout, output, put};
use crate::places::is_remote;
use crate::plain::{self, shown};
use crate::progress::Files;
use crate::stop::{Interrupted, Stop};
use crate::summary::Summary;

/// How long an interrupted run tries to write its report.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: IndexArgs, verbose: bool) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let stop = Stop::listen().context("signals")?;
    let storage = args.storage.source_options();
    let opener = Arc::new(Opener::new(storage.clone()));
    let inputs = stop.or(Inputs::of(&args, &opener)).await??;
    if let Err(why) = check(&args, &inputs) {
        say(&format!("h5sidecar: {}\n", shown(&why)));
        return Ok(Exit::Usage);
    }
    let options = options(&args, &opener)?;
    let several = inputs.several;
    let progress = Files::new(inputs.list.len(), args.quiet);
    let writing = AtomicUsize::new(0);
    let run = Arc::new(Run { args, verbose, options, storage, opener, progress, stop, writing });
    let at_once = usize::from(run.args.jobs);
    let work = {
        let run = Arc::clone(&run);
        move |input| Arc::clone(&run).one(input)
    };
    let names: Vec<String> = inputs.list.iter().map(Input::name).collect();
    let mut outcomes: Vec<Option<Outcome>> = names.iter().map(|_| None).collect();
    let all = jobs::each(inputs.list, at_once, work, |n, outcome| {
        // What panicked has said so.
        outcomes[n] = outcome.ok();
    });
    run.progress
        .shown(async {
            tokio::select! {
                () = all => {}
                () = run.stop.leave(|| run.writing.load(Ordering::SeqCst) > 0) => {}
            }
        })
        .await;
    let outcomes: Vec<Outcome> = names
        .iter()
        .zip(outcomes)
        .map(|(name, outcome)| outcome.unwrap_or_else(|| run.without_outcome(name)))
        .collect();

    let mut exit = outcomes.iter().map(|outcome| outcome.exit).max().unwrap_or(Exit::Ok);
    if exit == Exit::Interrupted {
        say("h5sidecar: interrupted; nothing is left half written\n");
    }
    if let Some(location) = &run.args.report
        && let Err(error) = run.report(location, &outcomes).await
    {
        say(&format!("h5sidecar: the report: {}\n", failure(&error)));
        exit = exit.max(Exit::of(&error));
    }
    if several && !run.args.quiet {
        let total = Total::of(&outcomes);
        say(&format!("{total}; {:.1} s\n", start.elapsed().as_secs_f64()));
    }
    if verbose && let Some(traffic) = traffic(&run.opener.traffic().summary()) {
        say(&format!("{traffic}\n"));
    }
    Ok(exit)
}

/// What all files share.
struct Run {
    args: IndexArgs,
    verbose: bool,
    options: Options,
    storage: SourceOptions,
    opener: Arc<Opener>,
    progress: Files,
    stop: Stop,
    /// Files of this machine that are being written.
    writing: AtomicUsize,
}

/// What came of one file.
struct Outcome {
    exit: Exit,
    /// Its line of the report.
    line: Value,
    what: What,
    /// Datasets with data that are not in the sidecar.
    lost: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Done,
    Fresh,
    Failed,
    Interrupted,
}

/// A sidecar that was made, or need not be.
enum Made {
    Now(Box<Sidecar>),
    Before(Fresh),
}

impl Outcome {
    fn failed(file: &str, error: &anyhow::Error) -> Self {
        let line = json!({
            "file": redact(file),
            "complete": false,
            "error": scrub(&format!("{error:#}")),
            "exit": Exit::of(error) as u8,
        });
        let exit = Exit::of(error);
        let what = if exit == Exit::Interrupted { What::Interrupted } else { What::Failed };
        Self { exit, line, what, lost: 0 }
    }
}

impl Run {
    /// What is said of a file whose work was left, or panicked.
    fn without_outcome(&self, name: &str) -> Outcome {
        if self.stop.is_wanted() {
            return Outcome::failed(name, &Interrupted.into());
        }
        let error = anyhow!("{}: a fault in h5sidecar itself", redact(name));
        say(&format!("h5sidecar: {}\n", failure(&error)));
        Outcome::failed(name, &error)
    }

    /// Writes the report, one outcome a line. Who wants to end does not wait long for it.
    async fn report(&self, location: &str, outcomes: &[Outcome]) -> anyhow::Result<()> {
        let lines: String =
            outcomes.iter().map(|outcome| plain::json(&outcome.line) + "\n").collect();
        let last_words = async {
            self.stop.wanted().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            written = put(location, lines, &self.storage) => written,
            () = last_words => Err(anyhow!("no answer in time")),
        }
    }

    async fn one(self: Arc<Self>, input: Input) -> Outcome {
        let name = input.name();
        let counters = self.progress.begun(&shown(&redact(&name)));
        let done = match input {
            Input::File(file) => self.index(&file, &counters).await,
            Input::None(_, error) => Err(error.into()),
        };
        self.progress.done(&counters, done.is_err());
        match done {
            Ok(Made::Now(sidecar)) => Outcome {
                exit: match sidecar.cut_off() {
                    Some(_) => Exit::Incomplete,
                    None => self.exit(sidecar.is_complete()),
                },
                line: sidecar.report(&name),
                what: What::Done,
                lost: sidecar.not_referenced.iter().filter(|each| each.lost).count() as u64,
            },
            Ok(Made::Before(fresh)) => Outcome {
                exit: self.exit(fresh.complete),
                line: json!({
                    "file": redact(&name),
                    "version": fresh.version,
                    "complete": fresh.complete,
                    "fresh": true,
                }),
                what: What::Fresh,
                lost: fresh.lost,
            },
            Err(error) if error.is::<Interrupted>() => Outcome::failed(&name, &error),
            Err(error) => {
                self.progress.say(&format!("h5sidecar: {}\n", failure(&error)));
                Outcome::failed(&name, &error)
            }
        }
    }

    fn exit(&self, complete: bool) -> Exit {
        if complete || !self.args.strict { Exit::Ok } else { Exit::Incomplete }
    }

    async fn index(&self, file: &str, counters: &Counters) -> anyhow::Result<Made> {
        let (output, layout) = (output(file, &self.args), layout(&self.args));
        let recipe = Recipe::of(file, &self.options, layout);
        if output != "-" {
            h5refs::sink::check(&output, layout.format)?;
        }
        let made = match self.stop.or(self.make(file, &output, &recipe, counters)).await?? {
            Made::Now(sidecar) => sidecar,
            fresh => return Ok(fresh),
        };
        let size = self.write(&output, &made, layout).await?;
        if !self.args.quiet {
            let (input, output) = (redact(file), redact(&output));
            let summary = Summary { input: &input, output: &output, size, sidecar: &made };
            self.progress.say(&summary.to_string());
        }
        if let Some(error) = made.cut_off() {
            let said = format!("h5sidecar: {}: {}", redact(file), fault(error));
            self.progress.say(&(shown(&said) + "\n"));
        }
        if self.verbose
            && let Some(pace) = pace(counters, &self.options.policy)
        {
            self.progress.say(&format!("  {pace}\n"));
        }
        Ok(Made::Now(made))
    }

    /// Makes the sidecar, if the one that is there will not do.
    async fn make(
        &self,
        file: &str,
        output: &str,
        recipe: &Recipe,
        counters: &Counters,
    ) -> anyhow::Result<Made> {
        // The user has named it, or a list.
        let source = self.opener.open_found(file).await?;
        if self.args.if_stale
            && let Some(fresh) = fresh(output, &*source, recipe, &self.opener, counters).await?
        {
            if !self.args.quiet {
                let text = format!("{} -> {}: fresh", redact(file), redact(output));
                self.progress.say(&(shown(&text) + "\n"));
            }
            return Ok(Made::Before(fresh));
        }
        let mut sidecar = sidecar(&*source, &self.options, counters).await?;
        // Of a file that is cut off none is fresh: it is to be said every time.
        let is_recorded = self.args.if_stale || self.args.record_version;
        if is_recorded && sidecar.cut_off().is_none() {
            sidecar.record(recipe);
        }
        Ok(Made::Now(Box::new(sidecar)))
    }

    /// Writes the sidecar. What is on its way to a file of this machine gets there, which takes a moment;
    /// an upload that is cut short leaves no object.
    async fn write(&self, output: &str, made: &Sidecar, layout: Layout) -> anyhow::Result<u64> {
        if output == "-" {
            return print(made, layout);
        }
        let written = async { Ok(write_sidecar(output, made, layout, &self.storage).await?) };
        if is_remote(output) {
            return self.stop.or(written).await?;
        }
        self.writing.fetch_add(1, Ordering::SeqCst);
        let done = match self.stop.is_wanted() {
            true => Err(Interrupted.into()),
            false => written.await,
        };
        self.writing.fetch_sub(1, Ordering::SeqCst);
        done
    }
}

fn options(args: &IndexArgs, opener: &Arc<Opener>) -> anyhow::Result<Options> {
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
    options.url.clone_from(&args.url);
    options.follow = args.follow_external.then(|| {
        let mut follow = Follow::new(Arc::clone(opener));
        follow.max_files = args.max_files;
        follow.below.clone_from(&args.follow_below);
        follow
    });
    Ok(options)
}

/// Writes a sidecar to standard output. That whoever reads it has enough is no failure.
fn print(made: &Sidecar, layout: Layout) -> anyhow::Result<u64> {
    let mut stdout = Counted { out: io::stdout().lock(), size: 0 };
    match made.write_to(layout, &mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output")
        }
        _ => Ok(stdout.size),
    }
}

/// What came of all files, in a line.
#[derive(Debug, Default)]
struct Total {
    files: u64,
    done: u64,
    fresh: u64,
    failed: u64,
    interrupted: u64,
    lost: u64,
}

impl Total {
    fn of(outcomes: &[Outcome]) -> Self {
        let mut total = Self::default();
        for outcome in outcomes {
            total.files += 1;
            match outcome.what {
                What::Done => total.done += 1,
                What::Fresh => total.fresh += 1,
                What::Failed => total.failed += 1,
                What::Interrupted => total.interrupted += 1,
            }
            total.lost += outcome.lost;
        }
        total
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} done", plural(self.files, "file"), count(self.done))?;
        let others =
            [(self.fresh, "fresh"), (self.failed, "failed"), (self.interrupted, "interrupted")];
        for (n, what) in others {
            if n > 0 {
                write!(f, ", {} {what}", count(n))?;
            }
        }
        match self.lost {
            0 => Ok(()),
            n => write!(f, "; {} lost", plural(n, "dataset")),
        }
    }
}
