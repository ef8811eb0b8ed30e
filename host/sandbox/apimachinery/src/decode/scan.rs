//! Reads JSON byte by byte, for what a parser into values does not tell: the exact fault, and fields that occur twice.

use std::collections::HashSet;

/// What Go's decoder says about a text that is not JSON; `None` if it is.
pub fn syntax_error(text: &[u8]) -> Option<String> {
    Scanner::new(text).document().err()
}

/// Paths of the fields that occur more than once in their object, each once and in the order of the text, such as
/// `spec.workers[0].name`. Empty for a text that is not JSON.
pub fn duplicates(text: &[u8]) -> Vec<String> {
    let mut scanner = Scanner::new(text);
    match scanner.document() {
        Ok(()) => scanner.doubled,
        Err(_) => Vec::new(),
    }
}

/// Paths of all fields in the order of the text.
pub fn fields(text: &[u8]) -> Vec<String> {
    let mut scanner = Scanner { all: Some(Vec::new()), ..Scanner::new(text) };
    match scanner.document() {
        Ok(()) => scanner.all.unwrap_or_default(),
        Err(_) => Vec::new(),
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    path: Vec<String>,
    doubled: Vec<String>,
    /// Every field, if they are wanted.
    all: Option<Vec<String>>,
}

type Scan = Result<(), String>;

const VALUE: &str = "looking for beginning of value";

impl<'a> Scanner<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, path: Vec::new(), doubled: Vec::new(), all: None }
    }

    fn document(&mut self) -> Scan {
        self.value()?;
        self.space();
        if self.at < self.text.len() { self.unexpected("after top-level value") } else { Ok(()) }
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn unexpected(&self, context: &str) -> Scan {
        let Some(byte) = self.peek() else { return Err("unexpected end of JSON input".to_owned()) };
        let shown = match byte {
            b'\'' => "'\\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            b'\\' => "'\\\\'".to_owned(),
            b'\n' => "'\\n'".to_owned(),
            b'\t' => "'\\t'".to_owned(),
            b'\r' => "'\\r'".to_owned(),
            0x20..=0x7e | 0xa1..=0xac | 0xae.. => format!("'{}'", byte as char),
            0x80.. => format!("'\\u{byte:04x}'"),
            other => format!("'\\x{other:02x}'"),
        };
        Err(format!("invalid character {shown} {context}"))
    }

    fn value(&mut self) -> Scan {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.unexpected(VALUE),
        }
    }

    fn literal(&mut self, word: &str) -> Scan {
        for letter in word.bytes() {
            if self.peek() != Some(letter) {
                return self.unexpected(&format!("in literal {word} (expecting '{}')", letter as char));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Scan {
        if self.peek() == Some(b'-') {
            self.at += 1;
            if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
                return self.unexpected("in numeric literal");
            }
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self, context: &str) -> Scan {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.unexpected(context);
        }
        self.digits();
        Ok(())
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    if !self.peek().is_some_and(|b| b"\"\\/bfnrtu".contains(&b)) {
                        self.unexpected("in string escape code")?;
                    }
                    self.at += 1;
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => self.unexpected("in string literal")?,
            }
        }
        self.at += 1;
        let raw = &self.text[start..self.at];
        Ok(serde_json::from_slice(raw).unwrap_or_else(|_| String::from_utf8_lossy(raw).into_owned()))
    }

    fn object(&mut self) -> Scan {
        self.at += 1;
        let mut seen = HashSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return self.unexpected("looking for beginning of object key string");
            }
            let name = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return self.unexpected("after object key");
            }
            self.at += 1;
            self.path.push(if self.path.is_empty() { name.clone() } else { format!(".{name}") });
            if let Some(all) = &mut self.all {
                all.push(self.path.concat());
            }
            if !seen.insert(name) {
                let path = self.path.concat();
                if !self.doubled.contains(&path) {
                    self.doubled.push(path);
                }
            }
            self.value()?;
            self.path.pop();
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.unexpected("after object key:value pair"),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn array(&mut self) -> Scan {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            self.path.push(format!("[{index}]"));
            self.value()?;
            self.path.pop();
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.unexpected("after array element"),
            }
        }
        self.at += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_as_go_tells_it() {
        let cases = [
            ("", "unexpected end of JSON input"),
            ("nonsense", "invalid character 'o' in literal null (expecting 'u')"),
            ("apiVersion: v1", "invalid character 'a' looking for beginning of value"),
            ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{} x", "invalid character 'x' after top-level value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1", "unexpected end of JSON input"),
        ];
        for (text, expected) in cases {
            assert_eq!(syntax_error(text.as_bytes()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(syntax_error(br#"{"a":[1,-2.5e3,"x\n",true,null,{}]}"#), None);
    }

    #[test]
    fn doubled_fields_are_found_at_every_depth() {
        let text = br#"{"a":1,"b":[{"c":1,"c":2,"c":3}],"a":{"d":1,"d":2}}"#;
        assert_eq!(duplicates(text), ["b[0].c", "a", "a.d"]);
    }
}
