//! Reports as tables for people.

use std::fmt::Write as _;

use backplane_runtime::watches::{EstimateReport, WatchReport};

const HEADS: [&str; 9] = ["KIND", "VERSION", "SELECTOR", "OBJECTS", "BYTES", "HELD", "EVENTS/S", "STATE", "READERS"];

/// One line a watch, and one for all.
pub(super) fn watches(watches: &[WatchReport]) -> String {
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(watches.iter().map(row));
    let sum = |figure: fn(&WatchReport) -> u64| watches.iter().map(figure).sum::<u64>();
    let events: f64 = watches.iter().map(|watch| watch.events_per_second).sum();
    rows.push([
        "all".into(),
        String::new(),
        String::new(),
        sum(|watch| watch.objects).to_string(),
        bytes(sum(|watch| watch.bytes)),
        bytes(sum(|watch| watch.held_bytes)),
        format!("{events:.1}"),
        String::new(),
        String::new(),
    ]);
    align(&rows)
}

fn row(watch: &WatchReport) -> [String; 9] {
    [
        watch.kind.clone(),
        watch.api_version.clone(),
        if watch.selector.is_empty() { "-".into() } else { watch.selector.clone() },
        watch.objects.to_string(),
        bytes(watch.bytes),
        bytes(watch.held_bytes),
        format!("{:.1}", watch.events_per_second),
        watch.state.clone(),
        watch.readers.join(","),
    ]
}

/// What one more watch would cost.
pub(super) fn estimate(told: &EstimateReport) -> String {
    let compressed = told.compressed_bytes.map_or("unknown".into(), bytes);
    let selector = if told.selector.is_empty() { "-" } else { &told.selector };
    let heads = ["KIND", "VERSION", "SELECTOR", "OBJECTS", "MEMORY", "COMPRESSED", "SAMPLED"].map(str::to_owned);
    let (objects, sampled) = (told.objects.to_string(), told.sampled.to_string());
    let cells = [&told.kind, &told.api_version, selector, &objects, &bytes(told.bytes), &compressed, &sampled]
        .map(str::to_owned);
    align(&[heads, cells])
}

/// Columns as wide as their widest cell; the last one as it comes.
fn align<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_every_watch_and_the_sum() {
        let watch = |kind: &str, selector: &str, readers: &[&str]| WatchReport {
            api_version: "v1".into(),
            kind: kind.into(),
            selector: selector.into(),
            state: "synced".into(),
            objects: 1500,
            bytes: 6_600_000,
            held_bytes: 1_048_576,
            events: 7,
            events_per_second: 2.25,
            lists: 1,
            readers: readers.iter().map(ToString::to_string).collect(),
        };
        let table = watches(&[watch("Pod", "", &["a", "b"]), watch("Secret", "use=yes", &["c"])]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "KIND    VERSION  SELECTOR  OBJECTS  BYTES     HELD     EVENTS/S  STATE   READERS");
        assert_eq!(lines[1], "Pod     v1       -         1500     6.3 MiB   1.0 MiB  2.2       synced  a,b");
        assert_eq!(lines[3], "all                        3000     12.6 MiB  2.0 MiB  4.5");
    }

    #[test]
    fn sizes_are_told_in_the_largest_unit_they_fill() {
        let cases = [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 << 30, "3.0 GiB"), (5 << 40, "5120.0 GiB")];
        for (size, expected) in cases {
            assert_eq!(bytes(size), expected, "{size}");
        }
    }
}
