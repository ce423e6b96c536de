//! A report as text: Markdown for people, comma-separated values for spreadsheets. Both may go to a terminal,
//! and names in the file may be in them.

use std::fmt::Write as _;

use super::{Outcome, Report, Row, Spread, Table};
use crate::human::{bytes, count};
use crate::plain::{shown, shown_lines};

const HEADINGS: [&str; 10] = [
    "",
    "seconds",
    "minutes",
    "speed",
    "output",
    "requests",
    "read",
    "in flight",
    "memory",
    "result",
];

pub(super) fn markdown(report: &Report) -> String {
    let mut out = String::new();
    // Nothing that writes to memory fails.
    _ = writeln!(out, "# {}\n", shown(&report.title));
    _ = writeln!(out, "{}, `{}`\n", report.date, shown(&report.command));
    for line in report.machine.lines() {
        _ = writeln!(out, "- {}", shown(&line));
    }
    for table in &report.tables {
        _ = writeln!(out, "\n## {}\n", shown(&table.title));
        out.push_str(&of_rows(table));
    }
    if !report.notes.is_empty() {
        out.push('\n');
    }
    for note in &report.notes {
        _ = writeln!(out, "- {}", shown(note));
    }
    out
}

/// The rows, each column as wide as its widest cell.
fn of_rows(table: &Table) -> String {
    let first = table.rows.first().and_then(Row::seconds);
    let mut lines = vec![HEADINGS.map(str::to_owned)];
    lines.extend(table.rows.iter().map(|row| cells(row, first)));
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(|n| width(n).unwrap_or_default()).collect();
    let last = HEADINGS.len() - 1;
    let mut out = String::new();
    for (n, line) in lines.iter().enumerate() {
        for (column, (cell, &width)) in line.iter().zip(&widths).enumerate() {
            // Numbers stand at the right; the last column is of any length.
            _ = match column {
                0 => write!(out, "| {cell:width$} "),
                _ if column == last => write!(out, "| {cell} "),
                _ => write!(out, "| {cell:>width$} "),
            };
        }
        out.push_str("|\n");
        if n == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let colon = if column == 0 || column == last { "-" } else { ":" };
                let width = if column == last { "result".len() } else { width };
                _ = write!(out, "|{}{colon}", "-".repeat(width + 1));
            }
            out.push_str("|\n");
        }
    }
    out
}

fn cells(row: &Row, first: Option<f64>) -> [String; 10] {
    let what = one_line(&row.what);
    let measured = match &row.outcome {
        Outcome::Ok(measured) | Outcome::Computed(measured) => measured,
        Outcome::Failed { reason } => return without(what, &format!("failed: {reason}")),
        Outcome::NotRun { reason } => return without(what, &format!("not run: {reason}")),
    };
    let seconds = measured.seconds.median;
    let speed = first.filter(|_| seconds > 0.0).map(|first| format!("{}x", three(first / seconds)));
    let result = match &row.outcome {
        Outcome::Computed(_) => format!("computed: {}", measured.checked),
        _ => format!("ok: {}", measured.checked),
    };
    let number = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), count);
    let size = |n: Option<u64>| n.map_or_else(|| "-".to_owned(), bytes);
    [
        what,
        spread(&measured.seconds),
        format!("{:.3}", seconds / 60.0),
        speed.unwrap_or_else(|| "-".to_owned()),
        size(measured.output_bytes),
        number(measured.requests),
        size(measured.bytes_read),
        number(measured.peak_in_flight),
        size(measured.peak_memory),
        one_line(&result),
    ]
}

fn without(what: String, result: &str) -> [String; 10] {
    let mut cells = [const { String::new() }; 10];
    cells.fill("-".to_owned());
    [cells[0], cells[9]] = [what, one_line(result)];
    cells
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    shown(&words.join(" ")).replace('|', "\\|")
}

fn spread(spread: &Spread) -> String {
    match spread.runs {
        0 | 1 => three(spread.median),
        _ => {
            format!("{} ({} to {})", three(spread.median), three(spread.min), three(spread.max))
        }
    }
}

/// Three figures, or all before the point.
fn three(number: f64) -> String {
    match number {
        0.0..0.1 => format!("{number:.4}"),
        0.1..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

pub(super) fn csv(report: &Report) -> String {
    let mut out = "table,row,what,status,median_seconds,min_seconds,max_seconds,runs,output_bytes,\
                   requests,bytes_read,peak_in_flight,peak_memory_bytes,result\n"
        .to_owned();
    for table in &report.tables {
        for row in &table.rows {
            let (status, result) = match &row.outcome {
                Outcome::Ok(measured) => ("ok", &measured.checked),
                Outcome::Computed(measured) => ("computed", &measured.checked),
                Outcome::Failed { reason } => ("failed", reason),
                Outcome::NotRun { reason } => ("not run", reason),
            };
            let mut fields = [&table.title, &row.key, &row.what].map(|text| quoted(text)).to_vec();
            fields.push(status.to_owned());
            match row.outcome.measured() {
                Some(measured) => {
                    let Spread { median, min, max, runs } = measured.seconds;
                    fields.extend([median, min, max].map(|seconds| seconds.to_string()));
                    fields.push(runs.to_string());
                    let counts = [
                        measured.output_bytes,
                        measured.requests,
                        measured.bytes_read,
                        measured.peak_in_flight,
                        measured.peak_memory,
                    ];
                    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
                    fields.extend(counts.map(number));
                }
                None => fields.extend([const { String::new() }; 9]),
            }
            fields.push(quoted(result));
            out.push_str(&fields.join(","));
            out.push('\n');
        }
    }
    out
}

/// As RFC 4180 has it, in which a field may have several lines.
fn quoted(text: &str) -> String {
    let text = shown_lines(text);
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}
