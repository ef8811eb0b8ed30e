//! One text: plain where it can be, quoted where it must be, in a block of its own if it has several lines.

use super::types::is_other_type;

/// Column after which a text is continued on the next line.
const WIDTH: usize = 80;

/// Writes a text as a key, always on one line.
pub(super) fn key(text: &str, out: &mut String) {
    Style::of(text, text.contains('\n')).write(text, None, out);
}

/// Writes a text as a value; `indent` is where its further lines begin.
pub(super) fn value(text: &str, indent: usize, out: &mut String) {
    let features = Features::of(text);
    if !text.contains('\n') {
        Style::of(text, false).write(text, Some(indent), out);
    } else if features.block {
        block(text, indent, out);
    } else {
        Style::Double.write(text, Some(indent), out);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// Which ways of writing a text are open.
struct Features {
    plain: bool,
    single: bool,
    block: bool,
}

impl Features {
    fn of(text: &str) -> Self {
        let special = text.chars().any(|c| !is_printable(c));
        let edges = text.starts_with([' ', '\n']) || text.ends_with([' ', '\n']);
        let space_break = text.contains(" \n");
        Self {
            plain: !special && !edges && !text.contains('\n') && !has_indicators(text),
            single: !special && !space_break,
            block: !special && !text.ends_with(' '),
        }
    }
}

/// What the writer takes for printable: no tabs, and nothing beyond the first plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// Whether something in a text would be read as a part of YAML.
fn has_indicators(text: &str) -> bool {
    let blank = |c: Option<char>| c.is_none_or(|c| matches!(c, ' ' | '\t' | '\n'));
    let second = text.chars().nth(1);
    let first = match text.chars().next() {
        Some('-' | '?' | ':') => blank(second),
        Some(c) => "#,[]{}&*!|>'\"%@`".contains(c),
        None => false,
    };
    let mut previous = None;
    let inside = text.char_indices().any(|(at, c)| {
        let meant = match c {
            ':' => blank(text[at + 1..].chars().next()),
            '#' => at > 0 && blank(previous),
            _ => false,
        };
        previous = Some(c);
        meant
    });
    first || inside || text.starts_with("---") || text.starts_with("...")
}

impl Style {
    fn of(text: &str, lines: bool) -> Self {
        let features = Features::of(text);
        match () {
            () if lines || is_other_type(text) => Self::Double,
            () if features.plain => Self::Plain,
            () if features.single => Self::Single,
            () => Self::Double,
        }
    }

    /// Writes a text; `None` as indent means that it must stay on its line.
    fn write(self, text: &str, indent: Option<usize>, out: &mut String) {
        let quote = match self {
            Self::Plain => "",
            Self::Single => "'",
            Self::Double => "\"",
        };
        out.push_str(quote);
        let letters: Vec<char> = text.chars().collect();
        let mut column = out.chars().rev().take_while(|c| *c != '\n').count();
        for (at, c) in letters.iter().enumerate() {
            match indent.filter(|_| column > WIDTH && self.may_fold(&letters, at)) {
                Some(indent) => {
                    out.push('\n');
                    out.push_str(&" ".repeat(indent));
                    column = indent;
                }
                None => column += self.letter(*c, out),
            }
        }
        out.push_str(quote);
    }

    /// Whether the line may end at this blank instead.
    fn may_fold(self, letters: &[char], at: usize) -> bool {
        let blank = |i: usize| letters.get(i) == Some(&' ');
        let inner = at > 0 && at + 1 < letters.len();
        inner && blank(at) && !blank(at - 1) && !blank(at + 1)
    }

    /// Writes one character; returns how many columns it takes.
    fn letter(self, c: char, out: &mut String) -> usize {
        let before = out.len();
        match (self, c) {
            (Self::Single, '\'') => out.push_str("''"),
            (Self::Double, _) => out.push_str(&escaped(c)),
            _ => out.push(c),
        }
        out[before..].chars().count()
    }
}

fn escaped(c: char) -> String {
    let name = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ if is_printable(c) => return c.to_string(),
        _ => {
            return match c as u32 {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{name}")
}

/// Writes the lines of a text below each other.
fn block(text: &str, indent: usize, out: &mut String) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    match text.strip_suffix('\n') {
        None => out.push('-'),
        Some(rest) if rest.is_empty() || rest.ends_with('\n') => out.push('+'),
        Some(_) => {}
    }
    out.push('\n');
    for line in text.split_inclusive('\n') {
        if line != "\n" {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_only_where_it_must_be() {
        let cases = [
            ("a", "a"),
            ("", "\"\""),
            ("true", "\"true\""),
            ("1", "\"1\""),
            ("1.5e+3", "\"1.5e+3\""),
            ("12:30", "\"12:30\""),
            ("2020-01-01T00:00:00Z", "\"2020-01-01T00:00:00Z\""),
            ("v1.2.3", "v1.2.3"),
            ("1Gi", "1Gi"),
            ("f:data", "f:data"),
            (".", "."),
            ("a: b", "'a: b'"),
            ("it's: x", "'it''s: x'"),
            ("{}", "'{}'"),
            ("- a", "'- a'"),
            ("-a", "-a"),
            ("a #b", "'a #b'"),
            (" a", "' a'"),
            ("a\tb", "\"a\\tb\""),
            ("\u{e4}", "\u{e4}"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            value(text, 2, &mut out);
            assert_eq!(out, expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_folded_at_a_blank() {
        let word = "x".repeat(79);
        let mut out = String::new();
        value(&format!("{word} y z"), 2, &mut out);
        assert_eq!(out, format!("{word} y\n  z"));
        out.clear();
        key(&format!("{word} y z"), &mut out);
        assert_eq!(out, format!("{word} y z"));
    }
}
