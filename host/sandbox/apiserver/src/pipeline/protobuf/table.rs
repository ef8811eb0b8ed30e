//! Which field numbers mean what: read from `fields.txt` once per server.

use std::collections::HashMap;

use serde_json::Value;

const TEXT: &str = include_str!("fields.txt");

/// The messages of all kinds that are read.
pub(crate) struct Table {
    kinds: HashMap<String, String>,
    messages: HashMap<String, Vec<Field>>,
}

/// One field of a message.
#[derive(Debug)]
pub(super) struct Field {
    number: u32,
    pub(super) name: String,
    pub(super) count: Count,
    pub(super) type_: Type,
    /// Whether the JSON form has it even when it is zero.
    always: bool,
}

/// How often a field may occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    One,
    /// At most once, and then it counts even when it is zero.
    Maybe,
    List,
    Map,
    /// Its fields belong to the message around it.
    Inline,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    String,
    Bool,
    Int,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    Raw,
    Strings,
    Message(String),
}

impl Table {
    /// Reads the table.
    pub(crate) fn new() -> Self {
        let mut table = Self { kinds: HashMap::new(), messages: HashMap::new() };
        for line in TEXT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let Some((name, rest)) = line.split_once(": ") else { continue };
            match name.strip_prefix("= ") {
                Some(kind) => table.kinds.insert(kind.to_owned(), rest.to_owned()).map(|_| ()),
                None => {
                    table.messages.insert(name.to_owned(), rest.split(", ").filter_map(field).collect()).map(|_| ())
                }
            };
        }
        table
    }

    /// The message of a kind. Options of a deletion are the same in every group.
    pub(super) fn kind(&self, api_version: &str, kind: &str) -> Option<&str> {
        let api_version = if kind == "DeleteOptions" { "v1" } else { api_version };
        self.kinds.get(&format!("{api_version} {kind}")).map(String::as_str)
    }

    pub(super) fn message(&self, name: &str) -> &[Field] {
        self.messages.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn field(&self, message: &str, number: u32) -> Option<&Field> {
        self.message(message).iter().find(|field| field.number == number)
    }

    #[cfg(test)]
    pub(super) fn messages(&self) -> impl Iterator<Item = &Field> {
        self.messages.values().flatten()
    }
}

impl Field {
    pub(super) fn zero_is_written(&self) -> bool {
        self.always
    }
}

impl Type {
    /// The value that is not written on the wire.
    pub(super) fn zero(&self) -> Value {
        match self {
            Self::Bool => false.into(),
            Self::Int | Self::IntOrString => 0.into(),
            Self::String | Self::Bytes | Self::Quantity => "".into(),
            Self::Strings => Value::Array(Vec::new()),
            Self::Message(_) => Value::Object(serde_json::Map::new()),
            Self::Time | Self::MicroTime | Self::Raw => Value::Null,
        }
    }
}

fn field(text: &str) -> Option<Field> {
    let mut words = text.split(' ');
    let (number, name, type_) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let (count, plain) = match type_.split_at_checked(1)? {
        ("*", rest) => (Count::List, rest),
        ("%", rest) => (Count::Map, rest),
        ("?", rest) => (Count::Maybe, rest),
        ("!", rest) => (Count::One, rest),
        _ if name == "^" => (Count::Inline, type_),
        _ => (Count::One, type_),
    };
    let always = type_.starts_with('!');
    Some(Field { number, name: name.to_owned(), count, type_: read_type(plain), always })
}

fn read_type(word: &str) -> Type {
    match word {
        "string" => Type::String,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "bytes" => Type::Bytes,
        "time" => Type::Time,
        "microtime" => Type::MicroTime,
        "quantity" => Type::Quantity,
        "intorstring" => Type::IntOrString,
        "raw" => Type::Raw,
        "strings" => Type::Strings,
        message => Type::Message(message.to_owned()),
    }
}

impl Type {
    /// Whether a message of the table is meant that is not there.
    #[cfg(test)]
    pub(super) fn dangles(&self, table: &Table) -> bool {
        matches!(self, Self::Message(name) if !table.messages.contains_key(name))
    }
}
