//! A report as a picture: a bar for each row with a time, in seconds, on a logarithmic scale.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Outcome, Report, Row};
use crate::plain::shown;

/// Pixels of a bar and what is free above it.
const BAR: u32 = 34;
const WIDTH: u32 = 900;
/// Room for the names of rows.
const NAMES: u32 = 330;

pub(super) fn svg(report: &Report) -> anyhow::Result<String> {
    let timed: Vec<(&Row, f64)> = report
        .tables
        .iter()
        .flat_map(|table| &table.rows)
        .filter_map(|row| Some((row, row.seconds()?)))
        .filter(|(_, seconds)| *seconds > 0.0)
        .collect();
    let mut out = String::new();
    let height = BAR * u32::try_from(timed.len().max(1))? + 110;
    draw(report, &timed, SVGBackend::with_string(&mut out, (WIDTH, height)))
        .map_err(|error| anyhow::anyhow!("the chart: {error}"))?;
    Ok(out)
}

fn draw<'a>(
    report: &Report,
    timed: &[(&Row, f64)],
    backend: SVGBackend<'a>,
) -> Result<(), DrawingAreaErrorKind<<SVGBackend<'a> as DrawingBackend>::ErrorType>> {
    let area = backend.into_drawing_area();
    area.fill(&WHITE)?;
    let seconds = || timed.iter().map(|(_, seconds)| *seconds);
    // Whole powers of ten around all of them.
    let power = |number: f64| 10_f64.powf(number);
    let first = power(seconds().fold(f64::INFINITY, f64::min).log10().floor());
    let last = power(seconds().fold(0.0, f64::max).log10().ceil());
    let range = if timed.is_empty() { 0.1..1.0 } else { first..last.max(first * 10.0) };
    let rows = u32::try_from(timed.len().max(1)).unwrap_or(u32::MAX);
    let mut chart = ChartBuilder::on(&area)
        .caption(shown(&report.title), ("sans-serif", 20))
        .margin(10)
        .margin_right(90)
        .x_label_area_size(40)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(range.clone().log_scale(), 0.0..f64::from(rows))?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .y_labels(1)
        .label_style(("sans-serif", 15))
        .x_desc("seconds")
        .x_label_formatter(&|seconds| format!("{seconds}"))
        .draw()?;
    let named = ("sans-serif", 16).into_font().color(&BLACK);
    let left = named.clone().pos(Pos::new(HPos::Left, VPos::Center));
    let right = named.pos(Pos::new(HPos::Right, VPos::Center));
    for (row, (place, seconds)) in (0..rows).rev().map(f64::from).zip(timed) {
        let color = match place.outcome {
            Outcome::Computed(_) => RGBColor(150, 150, 150),
            _ if place.key.starts_with("ours") || place.key.starts_with("sidecar") => {
                RGBColor(30, 110, 180)
            }
            _ => RGBColor(200, 120, 60),
        };
        let mut bar = Rectangle::new([(range.start, row), (*seconds, row + 1.0)], color.filled());
        bar.set_margin(5, 5, 0, 0);
        chart.draw_series([bar])?;
        let (x, middle) = chart.backend_coord(&(*seconds, row + 0.5));
        let (start, _) = chart.backend_coord(&(range.start, row + 0.5));
        area.draw(&Text::new(format!("{seconds:.2}"), (x + 5, middle), left.clone()))?;
        area.draw(&Text::new(shown(&place.what), (start - 8, middle), right.clone()))?;
    }
    area.present()
}
