//! The first row: the file as it is, opened and listed.

use std::time::Instant;

use h5refs::fetch::Counters;
use h5refs::sidecar::{self, Options};

use super::Bench;
use super::report::{Measured, Outcome, Spread};
use crate::human::plural;

impl Bench<'_> {
    pub(super) async fn original(&self) -> anyhow::Result<Outcome> {
        let mut options = Options::default();
        options.policy = self.plan.policy.clone();
        let mut seconds = Vec::new();
        let mut measured = Measured::default();
        for _ in 0..self.plan.repeat.max(1) {
            let start = Instant::now();
            let source = self.opener.open(&self.plan.file).await?;
            let counters = Counters::default();
            let (index, problems) = sidecar::index(&*source, &options, &counters).await?;
            seconds.push(start.elapsed().as_secs_f64());
            let trace = counters.trace();
            let (datasets, objects) = (index.datasets().count() as u64, index.objects.len() as u64);
            let problems = problems.len() as u64;
            measured = Measured {
                requests: Some(trace.requests),
                bytes_read: Some(trace.bytes),
                peak_in_flight: Some(trace.peak_in_flight),
                checked: format!(
                    "{}, {}, {}",
                    plural(objects, "object"),
                    plural(datasets, "dataset"),
                    plural(problems, "problem")
                ),
                ..Measured::default()
            };
        }
        Ok(Outcome::Ok(Measured { seconds: Spread::of(&seconds), ..measured }))
    }
}
