//! What a benchmark found: rows in tables, and how they are shown.

mod chart;
mod table;

use h5refs::error::scrub;
use serde::Serialize;

use super::machine::Machine;
use crate::plain::pretty_json;

/// All that one run of a benchmark found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was measured.
    pub title: String,
    /// The command that measured it.
    pub command: String,
    /// When it ended.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// What one has to know to read the tables.
    pub notes: Vec<String>,
    /// The tables.
    pub tables: Vec<Table>,
}

/// Rows that are to be compared with each other.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    /// What its rows have in common.
    pub title: String,
    /// The rows, of which the first is what the others' speed is told against.
    pub rows: Vec<Row>,
}

/// One way to prepare a file.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its short name, the same in every report.
    pub key: String,
    /// What it is, in a few words.
    pub what: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a row.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done, and what it made was found right.
    Ok(Measured),
    /// Nothing was run: what it would take if all went as well as can be.
    Computed(Measured),
    /// It was tried, and failed, took too long, or made something wrong. There is no time to tell.
    Failed {
        /// What went wrong.
        reason: String,
    },
    /// It was not tried.
    NotRun {
        /// Why not.
        reason: String,
    },
}

/// What a row took.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// How long it took.
    pub seconds: Spread,
    /// Bytes of what it made; nothing, if it makes no file.
    pub output_bytes: Option<u64>,
    /// Requests sent to the store; nothing, if they could not be counted.
    pub requests: Option<u64>,
    /// Bytes read from the store.
    pub bytes_read: Option<u64>,
    /// The most requests in flight at once.
    pub peak_in_flight: Option<u64>,
    /// Bytes of memory that its process held at most.
    pub peak_memory: Option<u64>,
    /// How what it made was checked.
    pub checked: String,
}

/// Seconds of one run or several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number of runs, the faster of the two.
    pub median: f64,
    /// The fastest.
    pub min: f64,
    /// The slowest.
    pub max: f64,
    /// How many.
    pub runs: usize,
}

impl Spread {
    /// Of the seconds of each run.
    #[must_use]
    pub fn of(seconds: &[f64]) -> Self {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |n: usize| sorted.get(n).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        Self { median: at(last / 2), min: at(0), max: at(last), runs: sorted.len() }
    }
}

impl Outcome {
    /// What it took, if that is known.
    #[must_use]
    pub fn measured(&self) -> Option<&Measured> {
        match self {
            Self::Ok(measured) | Self::Computed(measured) => Some(measured),
            Self::Failed { .. } | Self::NotRun { .. } => None,
        }
    }
}

impl Row {
    /// A row of this outcome.
    ///
    /// A reason may be what another program said last, which knows no secrets of URLs: they go here, for
    /// every row of every report.
    pub fn new(key: &str, what: &str, mut outcome: Outcome) -> Self {
        if let Outcome::Failed { reason } | Outcome::NotRun { reason } = &mut outcome {
            *reason = scrub(reason);
        }
        Self { key: key.to_owned(), what: what.to_owned(), outcome }
    }

    /// Its seconds, if there are any to tell.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        Some(self.outcome.measured()?.seconds.median)
    }
}

impl Report {
    /// A row, by its key.
    #[must_use]
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.tables.iter().flat_map(|table| &table.rows).find(|row| row.key == key)
    }

    /// The report as one JSON document, over several lines.
    #[must_use]
    pub fn json(&self) -> String {
        pretty_json(&serde_json::json!(self))
    }

    /// The report as Markdown, aligned so that a terminal may show it as it is.
    #[must_use]
    pub fn markdown(&self) -> String {
        table::markdown(self)
    }

    /// The rows as comma-separated values, numbers in full.
    #[must_use]
    pub fn csv(&self) -> String {
        table::csv(self)
    }

    /// The rows that have times as a bar chart, on a logarithmic scale.
    ///
    /// # Errors
    /// What drawing it gives.
    pub fn svg(&self) -> anyhow::Result<String> {
        chart::svg(self)
    }
}

#[cfg(test)]
mod tests;
