//! A progress line on a terminal; nothing elsewhere.

use std::future::Future;
use std::time::Duration;

use h5refs::fetch::Counters;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::human;

/// Runs `work`, showing its counts meanwhile.
pub(crate) async fn shown<T>(
    name: &str,
    counters: &Counters,
    quiet: bool,
    work: impl Future<Output = T>,
) -> T {
    let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target);
    // The template is ours; a wrong one would only leave the default style.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}  {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                bar.finish_and_clear();
                return done;
            }
            _ = tick.tick() => {
                let trace = counters.trace();
                bar.set_message(format!(
                    "{} in {}, {}",
                    human::bytes(trace.bytes),
                    human::plural(trace.requests, "request"),
                    human::plural(trace.objects, "object"),
                ));
                bar.tick();
            }
        }
    }
}
