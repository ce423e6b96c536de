//! A progress line on a terminal; nothing elsewhere.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use h5refs::fetch::{Counters, Trace};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::human;

/// Runs `work`, showing its counts meanwhile.
pub(crate) async fn shown<T>(
    name: &str,
    counters: &Counters,
    quiet: bool,
    work: impl Future<Output = T>,
) -> T {
    let bar = bar(quiet);
    bar.set_prefix(name.to_owned());
    let done = drawn(&bar, || message(&counters.trace()), work).await;
    bar.finish_and_clear();
    done
}

/// Progress over several files, some of them at one time.
#[derive(Debug)]
pub(crate) struct Files {
    bar: ProgressBar,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    of: usize,
    done: usize,
    failed: usize,
    /// Sums of the files that are done.
    trace: Trace,
    running: Vec<(String, Arc<Counters>)>,
}

impl Files {
    /// Of so many files.
    pub(crate) fn new(of: usize, quiet: bool) -> Self {
        let (trace, running) = (Trace::default(), Vec::new());
        let state = Mutex::new(State { of, done: 0, failed: 0, trace, running });
        Self { bar: bar(quiet), state }
    }

    /// Runs `work`, showing the counts of all files meanwhile.
    pub(crate) async fn shown<T>(&self, work: impl Future<Output = T>) -> T {
        let message = || {
            let (prefix, message) = self.state().message();
            self.bar.set_prefix(prefix);
            message
        };
        let done = drawn(&self.bar, message, work).await;
        self.bar.finish_and_clear();
        done
    }

    /// A file is begun; what it is counted with.
    pub(crate) fn begun(&self, name: &str) -> Arc<Counters> {
        let counters = Arc::new(Counters::default());
        self.state().running.push((name.to_owned(), Arc::clone(&counters)));
        counters
    }

    /// It is done, one way or another.
    pub(crate) fn done(&self, counters: &Arc<Counters>, failed: bool) {
        let mut state = self.state();
        state.running.retain(|(_, running)| !Arc::ptr_eq(running, counters));
        state.done += 1;
        state.failed += usize::from(failed);
        add(&mut state.trace, &counters.trace());
    }

    /// Says something without leaving half of the progress line on the screen.
    pub(crate) fn say(&self, text: &str) {
        self.bar.suspend(|| human::say(text));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn message(&self) -> (String, String) {
        let mut trace = self.trace;
        for (_, counters) in &self.running {
            add(&mut trace, &counters.trace());
        }
        let message = message(&trace);
        match (self.of, self.running.first()) {
            (1, Some((name, _))) => (name.clone(), message),
            _ => {
                let failed = match self.failed {
                    0 => String::new(),
                    n => format!(" ({n} failed)"),
                };
                (format!("{} of {} files{failed}", self.done, self.of), message)
            }
        }
    }
}

fn add(sum: &mut Trace, trace: &Trace) {
    sum.requests += trace.requests;
    sum.bytes += trace.bytes;
    sum.objects += trace.objects;
}

fn message(trace: &Trace) -> String {
    format!(
        "{} in {}, {}",
        human::bytes(trace.bytes),
        human::plural(trace.requests, "request"),
        human::plural(trace.objects, "object"),
    )
}

fn bar(quiet: bool) -> ProgressBar {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    // The template is ours; a wrong one would only leave the default style.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar
}

async fn drawn<T>(
    bar: &ProgressBar,
    message: impl Fn() -> String,
    work: impl Future<Output = T>,
) -> T {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            _ = tick.tick() => {
                bar.set_message(message());
                bar.tick();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_file_the_name_is_shown_and_of_several_how_many() {
        let one = Files::new(1, true);
        one.begun("a.h5");
        assert_eq!(one.state().message().0, "a.h5");
        let several = Files::new(3, true);
        let (first, _second) = (several.begun("a.h5"), several.begun("b.h5"));
        assert_eq!(several.state().message().0, "0 of 3 files");
        several.done(&first, true);
        assert_eq!(several.state().message().0, "1 of 3 files (1 failed)");
        assert_eq!(several.state().running.len(), 1);
    }
}
