//! What libFuzzer says of a run: how much it tried, and what that reached.

use std::fmt::Write as _;

/// The last of what was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stats {
    /// Inputs that were tried.
    pub(super) executions: u64,
    /// Edges of the control flow that were reached.
    pub(super) coverage: u64,
    /// Features: edges with how often each was passed, and compared values.
    pub(super) features: u64,
    /// Inputs that are kept, each for what only it reaches.
    pub(super) kept: u64,
    /// The most memory, in MB.
    pub(super) memory: u64,
}

impl Stats {
    /// Takes note of a line: `#1024 pulse  cov: 318 ft: 471 corp: 22/99b lim: 4 exec/s: 512 rss: 44Mb`.
    pub(super) fn read(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        if let Some(number) = words.next().and_then(|word| word.strip_prefix('#')) {
            set(&mut self.executions, number);
            while let Some(word) = words.next() {
                match word {
                    "cov:" => set(&mut self.coverage, words.next().unwrap_or_default()),
                    "ft:" => set(&mut self.features, words.next().unwrap_or_default()),
                    "corp:" => set(&mut self.kept, words.next().unwrap_or_default()),
                    _ => {}
                }
            }
        } else if let Some(number) = line.strip_prefix("stat::number_of_executed_units:") {
            set(&mut self.executions, number.trim());
        } else if let Some(number) = line.strip_prefix("stat::peak_rss_mb:") {
            set(&mut self.memory, number.trim());
        }
    }
}

/// The number that a word begins with, if it does.
fn set(number: &mut u64, word: &str) {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    if let Ok(found) = word[..digits].parse() {
        *number = found;
    }
}

/// Targets and what became of them, as Markdown.
pub(super) fn table<'a>(rows: impl Iterator<Item = (&'a str, &'a Stats)>) -> String {
    let mut table =
        "| target | executions | cov | ft | kept | MB |\n|---|--:|--:|--:|--:|--:|".to_owned();
    for (target, stats) in rows {
        let Stats { executions, coverage, features, kept, memory } = stats;
        // Writing to a string cannot fail.
        _ = write!(
            table,
            "\n| `{target}` | {executions} | {coverage} | {features} | {kept} | {memory} |"
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_numbers_count() {
        let mut stats = Stats::default();
        for line in [
            "INFO: Seed: 12345",
            "#2\tINITED cov: 17 ft: 18 corp: 1/1b exec/s: 0 rss: 40Mb",
            "#4096\tpulse  cov: 318 ft: 471 corp: 22/99b lim: 4 exec/s: 512 rss: 44Mb",
            "stat::number_of_executed_units: 5000",
            "stat::peak_rss_mb:              45",
        ] {
            stats.read(line);
        }
        let expected =
            Stats { executions: 5000, coverage: 318, features: 471, kept: 22, memory: 45 };
        assert_eq!(stats, expected);
        let table = table([("walk", &stats)].into_iter());
        assert_eq!(table.lines().last(), Some("| `walk` | 5000 | 318 | 471 | 22 | 45 |"));
    }
}
