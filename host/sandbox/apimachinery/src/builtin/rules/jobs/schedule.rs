//! When a CronJob makes Jobs: five fields of numbers and names, or a word.
//!
//! The words of errors are those of the parser that the real server uses, `github.com/robfig/cron`. Left out is whether a
//! time zone of a good name exists: that takes a data base of them.

use std::num::{IntErrorKind, ParseIntError};

use super::super::at::{At, Errors};
use crate::field::go_quote;

/// A field of a schedule: its least and greatest number, and the names of numbers.
struct Field {
    least: u32,
    most: u32,
    names: &'static [(&'static str, u32)],
}

const MONTHS: [(&str, u32); 12] = [
    ("jan", 1),
    ("feb", 2),
    ("mar", 3),
    ("apr", 4),
    ("may", 5),
    ("jun", 6),
    ("jul", 7),
    ("aug", 8),
    ("sep", 9),
    ("oct", 10),
    ("nov", 11),
    ("dec", 12),
];
const DAYS: [(&str, u32); 7] = [("sun", 0), ("mon", 1), ("tue", 2), ("wed", 3), ("thu", 4), ("fri", 5), ("sat", 6)];

/// Minute, hour, day of the month, month, day of the week.
const FIELDS: [Field; 5] = [
    Field { least: 0, most: 59, names: &[] },
    Field { least: 0, most: 23, names: &[] },
    Field { least: 1, most: 31, names: &[] },
    Field { least: 1, most: 12, names: &MONTHS },
    Field { least: 0, most: 6, names: &DAYS },
];

const WORDS: [&str; 7] = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// The schedule in the spec of a CronJob.
pub(super) fn check(spec: &At<'_>, old: Option<&At<'_>>, errors: &mut Errors) {
    let schedule = spec.child("schedule");
    if schedule.text().is_empty() {
        errors.push(schedule.required(""));
        return;
    }
    if let Err(why) = parse(schedule.text()) {
        errors.push(schedule.invalid(&why));
    }
    let zoned = schedule.text().contains("TZ");
    let was_zoned = old.is_some_and(|old| old.child("schedule").text().contains("TZ"));
    if zoned && !was_zoned {
        errors.push(schedule.invalid("cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
    } else if zoned && spec.child("timeZone").is_set() {
        errors.push(schedule.invalid("cannot use both timeZone field and TZ or CRON_TZ in schedule"));
    }
}

/// The name of a time zone.
pub(super) fn zone(zone: &At<'_>, errors: &mut Errors) {
    let name = zone.text();
    if !zone.is_set() {
        return;
    }
    if name.is_empty() {
        errors.push(zone.invalid("timeZone must be nil or non-empty string"));
    } else if !name.split('/').all(is_part_of_zone) {
        errors.push(zone.invalid(&format!("unknown time zone {name}")));
    } else if name.eq_ignore_ascii_case("local") {
        let why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
        errors.push(zone.invalid(why));
    }
}

fn is_part_of_zone(part: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_+".contains(&b);
    (1..=14).contains(&part.len()) && part.bytes().all(plain) && !part.starts_with('-') && !matches!(part, "." | "..")
}

fn parse(schedule: &str) -> Result<(), String> {
    let schedule = match ["TZ=", "CRON_TZ="].iter().find_map(|prefix| schedule.strip_prefix(prefix)) {
        Some(zoned) => zoned.split_once(' ').map_or("", |(_, rest)| rest.trim()),
        None => schedule,
    };
    if schedule.starts_with('@') {
        return word(schedule);
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let found = fields.join(" ");
        return Err(format!("expected exactly {} fields, found {}: [{found}]", FIELDS.len(), fields.len()));
    }
    let parts = |text: &str| text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    FIELDS.iter().zip(fields).try_for_each(|(field, text)| parts(text).iter().try_for_each(|part| field.range(part)))
}

fn word(word: &str) -> Result<(), String> {
    if let Some(duration) = word.strip_prefix("@every ") {
        return self::duration(duration).map_err(|why| format!("failed to parse duration {word}: time: {why}"));
    }
    if WORDS.contains(&word) { Ok(()) } else { Err(format!("unrecognized descriptor: {word}")) }
}

/// A duration as Go writes it: `1h30m`.
fn duration(text: &str) -> Result<(), String> {
    let whole = go_quote(text);
    let invalid = || format!("invalid duration {whole}");
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    loop {
        let unit = rest.trim_start_matches(is_digit);
        let number = &rest[..rest.len() - unit.len()];
        if !number.bytes().any(|b| b.is_ascii_digit()) || number.matches('.').count() > 1 {
            return Err(invalid());
        }
        let (name, next) = unit.split_at(unit.find(is_digit).unwrap_or(unit.len()));
        match name {
            "" => return Err(format!("missing unit in duration {whole}")),
            "ns" | "us" | "µs" | "μs" | "ms" | "s" | "m" | "h" => {}
            _ => return Err(format!("unknown unit {} in duration {whole}", go_quote(name))),
        }
        rest = next;
        if rest.is_empty() {
            return Ok(());
        }
    }
}

impl Field {
    /// `*`, `5`, `1-5`, each perhaps with a step: `*/10`.
    fn range(&self, text: &str) -> Result<(), String> {
        let mut halves = text.split('/');
        let (bounds, step) = (halves.next().unwrap_or_default(), halves.next());
        let (start, mut end) = self.bounds(bounds, text)?;
        let step = step.map(number).transpose()?;
        if halves.next().is_some() {
            return Err(format!("too many slashes: {text}"));
        }
        if step.is_some() && !bounds.contains('-') {
            end = self.most;
        }
        let (least, most) = (self.least, self.most);
        match () {
            () if start < least => Err(format!("beginning of range ({start}) below minimum ({least}): {text}")),
            () if end > most => Err(format!("end of range ({end}) above maximum ({most}): {text}")),
            () if start > end => Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}")),
            () if step == Some(0) => Err(format!("step of range should be a positive number: {text}")),
            () => Ok(()),
        }
    }

    fn bounds(&self, bounds: &str, text: &str) -> Result<(u32, u32), String> {
        let mut ends = bounds.split('-');
        let start = ends.next().unwrap_or_default();
        if matches!(start, "*" | "?") {
            return Ok((self.least, self.most));
        }
        let start = self.number(start)?;
        let end = ends.next().map(|end| self.number(end)).transpose()?.unwrap_or(start);
        if ends.next().is_some() { Err(format!("too many hyphens: {text}")) } else { Ok((start, end)) }
    }

    fn number(&self, text: &str) -> Result<u32, String> {
        let named = self.names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        named.map_or_else(|| number(text), |(_, number)| Ok(*number))
    }
}

fn number(text: &str) -> Result<u32, String> {
    let number: i64 = text.parse().map_err(|error: ParseIntError| {
        let why = match error.kind() {
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("failed to parse int from {text}: strconv.Atoi: parsing {}: {why}", go_quote(text))
    })?;
    u32::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_taken_or_refused_in_the_words_of_the_parser() {
        let good = ["0 0 * * *", "*/5 1-3,7 ? JAN-dec mon", "@daily", "@every 1h30m", "TZ=Etc/UTC 1 1 1 1 1"];
        for schedule in good {
            assert_eq!(parse(schedule), Ok(()), "{schedule}");
        }
        let bad = [
            ("Not valid!", "expected exactly 5 fields, found 2: [Not valid!]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/1/2 * * * *", "too many slashes: */1/2"),
            ("a * * * *", "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ("@never", "unrecognized descriptor: @never"),
            ("@every x", "failed to parse duration @every x: time: invalid duration \"x\""),
            ("@every 5", "failed to parse duration @every 5: time: missing unit in duration \"5\""),
            ("@every 1d", "failed to parse duration @every 1d: time: unknown unit \"d\" in duration \"1d\""),
        ];
        for (schedule, why) in bad {
            assert_eq!(parse(schedule), Err(why.to_owned()), "{schedule}");
        }
    }
}
