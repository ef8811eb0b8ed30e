//! What can be said of a component without running it.

use std::fmt;

use wasmparser::{BinaryReaderError, Encoding, Parser, Payload, Validator};

use crate::error::LoadError;

/// What can be said of a component without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Interfaces it exports, in the component's order.
    pub exports: Vec<Interface>,
    /// Interfaces it imports, in the component's order.
    pub imports: Vec<Interface>,
    /// Memory that an instance starts with, in bytes (the largest memory, if there are several).
    pub memory_bytes: u64,
}

/// The name of an interface. An import or export that is no interface has an empty package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Package with its name space, such as `backplane:store`.
    pub package: String,
    /// Name within the package.
    pub name: String,
    /// Version, if it has one.
    pub version: Option<String>,
}

impl Interface {
    /// Reads a name as components write it, such as `backplane:store/store@0.1.0`.
    pub(crate) fn parse(text: &str) -> Self {
        let (path, version) = match text.split_once('@') {
            Some((path, version)) => (path, Some(version.to_owned())),
            None => (text, None),
        };
        let (package, name) = path.split_once('/').unwrap_or(("", path));
        Self { package: package.into(), name: name.into(), version }
    }

    /// The name without version, such as `backplane:store/store`.
    pub fn path(&self) -> String {
        if self.package.is_empty() { self.name.clone() } else { format!("{}/{}", self.package, self.name) }
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

impl Inspection {
    /// Reads a component's outline; neither compiles nor runs it.
    pub(crate) fn of(file: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        let reason = not_a_component(bytes).map(str::to_owned);
        let outline = match reason {
            Some(reason) => Err(reason),
            None => validated(bytes).map_err(|error| error.to_string()),
        };
        outline.map_err(|reason| LoadError::NotAComponent { file: file.to_owned(), reason })
    }
}

/// Why the first bytes are not those of a component; the common mistakes get words of their own.
fn not_a_component(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [] => Some("it is empty"),
        [b'\0', b'a', b's', b'm', 0x0d, 0x00, 0x01, 0x00, ..] => None,
        [b'\0', b'a', b's', b'm', 0x01, 0x00, 0x00, 0x00, ..] => {
            Some("it is a core module; build it for wasm32-wasip2, or wrap it with `wasm-tools component new`")
        }
        [b'\0', b'a', b's', b'm', ..] => Some("its binary format is not known"),
        _ => Some("it does not begin as WebAssembly does"),
    }
}

fn validated(bytes: &[u8]) -> Result<Inspection, BinaryReaderError> {
    Validator::new().validate_all(bytes)?;
    let mut outline = Inspection { exports: Vec::new(), imports: Vec::new(), memory_bytes: 0 };
    // Components and modules nest; only the outermost one's imports and exports are the plugin's.
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(imports) if depth == 1 => {
                for import in imports {
                    outline.imports.push(Interface::parse(import?.name.name));
                }
            }
            Payload::ComponentExportSection(exports) if depth == 1 => {
                for export in exports {
                    outline.exports.push(Interface::parse(export?.name.name));
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    outline.memory_bytes = outline.memory_bytes.max(initial_bytes(&memory?));
                }
            }
            _ => {}
        }
    }
    Ok(outline)
}

fn initial_bytes(memory: &wasmparser::MemoryType) -> u64 {
    let page = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX);
    memory.initial.saturating_mul(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_component_are_refused_with_the_reason() {
        let component = b"\0asm\x0d\0\x01\0";
        let truncated = [component.as_slice(), &[0x01, 0x40, 0x00]].concat();
        let cases = [
            ("empty", b"".as_slice(), "it is empty"),
            ("core module", b"\0asm\x01\0\0\0", "core module"),
            ("unknown layer", b"\0asm\x01\0\x02\0", "not known"),
            ("text", b"#!/bin/sh", "does not begin"),
            ("truncated", &truncated, "unexpected end"),
        ];
        for (name, bytes, expected) in cases {
            let error = Inspection::of("p", bytes).expect_err(name).to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
    }

    #[test]
    fn an_interface_name_is_read_with_and_without_version() {
        for name in ["backplane:store/store@0.1.0", "wasi:io/poll", "run"] {
            assert_eq!(Interface::parse(name).to_string(), name);
        }
    }
}
