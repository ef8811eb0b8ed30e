//! Texts that YAML would read as something else, if they were not quoted: numbers, flags, times, nothing.

use std::sync::LazyLock;

use regex::Regex;

/// Words with a meaning of their own.
const WORDS: [&str; 40] = [
    "", "~", "null", "Null", "NULL", "<<", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE",
    "n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE", ".nan", ".NaN", ".NAN", ".inf", ".Inf",
    ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
];

static NUMBERS: LazyLock<Regex> = LazyLock::new(|| {
    let whole = r"0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+";
    let fraction = r"[0-9]*\.?[0-9]+([eE][-+][0-9]+)?|[0-9]+\.";
    Regex::new(&format!(r"^[-+]?({whole}|{fraction})$")).expect("the pattern is a constant")
});

/// Numbers to the base of sixty, such as `12:30`.
static SEXAGESIMAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$").expect("the pattern is a constant"));

static TIMES: LazyLock<Regex> = LazyLock::new(|| {
    let clock = r"[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]+)?";
    let pattern =
        format!(r"^[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([Tt]{clock}(Z|[-+][0-9]{{2}}:[0-9]{{2}})| {clock})?$");
    Regex::new(&pattern).expect("the pattern is a constant")
});

/// Whether a text means something else than itself.
pub(super) fn is_other_type(text: &str) -> bool {
    let digits = text.replace('_', "");
    WORDS.contains(&text)
        || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && NUMBERS.is_match(&digits)
        || SEXAGESIMAL.is_match(text)
        || TIMES.is_match(text)
}
