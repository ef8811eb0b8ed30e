//! Reads label selectors, and says what is wrong with them in the words of the API server.
//!
//! ```text
//!   selector    = [ requirement { "," requirement } ]
//!   requirement = [ "!" ] KEY | KEY ( "=" | "==" | "!=" | ">" | "<" ) [ VALUE ] | KEY ( "in" | "notin" ) "(" values ")"
//! ```
//!
//! Source: `k8s.io/apimachinery/pkg/labels`. Which characters keys and values may have is for the caller to check.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::Requirement;

const SYMBOLS: &str = "=!(),<>";
/// As the API server lists them; it reads `>` and `<`.
const OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

/// The requirements of a selector.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut reader = Reader { tokens: tokens(text).into_iter().peekable() };
    let mut found = Vec::new();
    while let Some(token) = reader.peek() {
        if !is_word(token) && token != "!" {
            return Err(format!("found '{token}', expected: !, identifier, or 'end of string'"));
        }
        found.push(reader.requirement().map_err(|why| format!("unable to parse requirement: {why}"))?);
        match reader.next().as_str() {
            "" => break,
            "," => reader.expect_another()?,
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
    Ok(found)
}

/// Splits into words and symbols.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if SYMBOLS.contains(first) { symbol(rest) } else { word(rest) };
        tokens.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    tokens
}

fn symbol(text: &str) -> usize {
    if text.starts_with("==") || text.starts_with("!=") { 2 } else { 1 }
}

fn word(text: &str) -> usize {
    text.find(|c: char| SYMBOLS.contains(c) || c.is_whitespace()).unwrap_or(text.len())
}

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(|c| SYMBOLS.contains(c))
}

struct Reader {
    tokens: Peekable<IntoIter<String>>,
}

impl Reader {
    fn peek(&mut self) -> Option<&str> {
        self.tokens.peek().map(String::as_str)
    }

    /// The next token; empty at the end.
    fn next(&mut self) -> String {
        self.tokens.next().unwrap_or_default()
    }

    fn expect_another(&mut self) -> Result<(), String> {
        match self.peek().unwrap_or_default() {
            "!" => Ok(()),
            token if is_word(token) => Ok(()),
            token => Err(format!("found '{token}', expected: identifier after ','")),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let negated = self.peek() == Some("!");
        if negated {
            self.next();
        }
        let key = self.next();
        if !is_word(&key) {
            return Err(format!("found '{key}', expected: identifier"));
        }
        match self.peek() {
            _ if negated => Ok(Requirement::NotExists { key }),
            None | Some(",") => Ok(Requirement::Exists { key }),
            Some(_) => self.comparison(key),
        }
    }

    fn comparison(&mut self, key: String) -> Result<Requirement, String> {
        match self.next().as_str() {
            "in" => Ok(Requirement::In { key, values: self.values()? }),
            "notin" => Ok(Requirement::NotIn { key, values: self.values()? }),
            "=" | "==" => Ok(Requirement::In { key, values: vec![self.value()?] }),
            "!=" => Ok(Requirement::NotIn { key, values: vec![self.value()?] }),
            ">" => Ok(Requirement::Greater { key, than: self.number()? }),
            "<" => Ok(Requirement::Less { key, than: self.number()? }),
            other => Err(format!("found '{other}', expected: {OPERATORS}")),
        }
    }

    /// One value, which may be left out.
    fn value(&mut self) -> Result<String, String> {
        match self.peek() {
            None | Some(",") => Ok(String::new()),
            Some(token) if is_word(token) => Ok(self.next()),
            Some(token) => Err(format!("found '{token}', expected: identifier")),
        }
    }

    fn number(&mut self) -> Result<i64, String> {
        let text = self.value()?;
        let why = "for 'Gt', 'Lt' operators, the value must be an integer";
        text.parse().map_err(|_| format!("values[0]: Invalid value: {text:?}: {why}"))
    }

    /// Values in parentheses; between two commas is the empty one.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next();
        if open != "(" {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = Vec::new();
        loop {
            let token = self.next();
            if is_word(&token) {
                values.push(token);
                match self.next().as_str() {
                    ")" => return Ok(values),
                    "," => {}
                    other => return Err(format!("found '{other}', expected: ',' or ')'")),
                }
                continue;
            }
            match token.as_str() {
                ")" => {
                    values.push(String::new());
                    return Ok(values);
                }
                "," => values.push(String::new()),
                other => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
            }
        }
    }
}
