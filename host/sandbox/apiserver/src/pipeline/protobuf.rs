//! Reads bodies in the protobuf encoding of Kubernetes: client-go sends objects of built-in kinds so. Answers never are in
//! it; every client takes JSON as well.
//!
//! Source: <https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>.

mod table;
mod wire;

use backplane_apimachinery::Status;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use table::Table;
use table::{Count, Field, Type};
use wire::{Malformed, Wire, fields};

/// The media type.
pub(super) const MEDIA: &str = "application/vnd.kubernetes.protobuf";
const MAGIC: &[u8] = b"k8s\0";
/// What is wrong with a body that does not even begin so.
pub(super) const NO_ENVELOPE: &str =
    "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";

/// Whether a body begins as one in this encoding does.
pub(super) fn is_enveloped(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// Reads an object with its kind.
///
/// # Errors
/// 400 for bytes that are not in the encoding, or hold a kind that is not known here.
pub(super) fn object(table: &Table, bytes: &[u8]) -> Result<Value, Status> {
    let bad = |_: Malformed| Status::bad_request("body is not valid protobuf");
    let envelope = bytes.strip_prefix(MAGIC).ok_or(Malformed).map_err(bad)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for (number, value) in fields(envelope).map_err(bad)? {
        match (number, value) {
            (1, Wire::Bytes(type_meta)) => {
                api_version = text(type_meta, 1).map_err(bad)?;
                kind = text(type_meta, 2).map_err(bad)?;
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let message = table.kind(&api_version, &kind).ok_or_else(|| {
        Status::bad_request(format!("no kind {kind:?} of {api_version:?} is read from protobuf here; send JSON"))
    })?;
    let mut object = Decoder { table }.message(message, raw).map_err(bad)?;
    object.insert("apiVersion".into(), api_version.into());
    object.insert("kind".into(), kind.into());
    Ok(Value::Object(object))
}

struct Decoder<'a> {
    table: &'a Table,
}

impl Decoder<'_> {
    fn message(&self, name: &str, bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
        let mut object = Map::new();
        for field in self.table.message(name).iter().filter(|field| field.zero_is_written()) {
            object.insert(field.name.clone(), field.type_.zero());
        }
        for (number, wire) in fields(bytes)? {
            if let Some(field) = self.table.field(name, number) {
                self.field(&mut object, field, wire)?;
            }
        }
        Ok(object)
    }

    fn field(&self, object: &mut Map<String, Value>, field: &Field, wire: Wire<'_>) -> Result<(), Malformed> {
        match field.count {
            Count::Inline => {
                let Type::Message(message) = &field.type_ else { return Err(Malformed) };
                object.extend(self.message(message, wire.bytes()?)?);
            }
            Count::List => {
                let item = self.value(&field.type_, wire)?;
                if let Value::Array(items) = object.entry(&field.name).or_insert_with(|| Value::Array(Vec::new())) {
                    items.push(item);
                }
            }
            Count::Map => {
                let (key, value) = self.entry(&field.type_, wire.bytes()?)?;
                let map = object.entry(&field.name).or_insert_with(|| Value::Object(Map::new()));
                map[key] = value;
            }
            Count::One => {
                let value = self.value(&field.type_, wire)?;
                if !is_empty(&value) {
                    object.insert(field.name.clone(), value);
                }
            }
            Count::Maybe => {
                let value = self.value(&field.type_, wire)?;
                if !value.is_null() {
                    object.insert(field.name.clone(), value);
                }
            }
        }
        Ok(())
    }

    fn entry(&self, type_: &Type, bytes: &[u8]) -> Result<(String, Value), Malformed> {
        let (mut key, mut value) = (String::new(), type_.zero());
        for (number, wire) in fields(bytes)? {
            match number {
                1 => key = utf8(wire.bytes()?)?,
                2 => value = self.value(type_, wire)?,
                _ => {}
            }
        }
        Ok((key, value))
    }

    fn value(&self, type_: &Type, wire: Wire<'_>) -> Result<Value, Malformed> {
        Ok(match type_ {
            Type::String => utf8(wire.bytes()?)?.into(),
            Type::Bool => (wire.int()? != 0).into(),
            Type::Int => wire.int()?.into(),
            Type::Bytes => STANDARD.encode(wire.bytes()?).into(),
            Type::Time => time(wire.bytes()?, "%Y-%m-%dT%H:%M:%SZ")?,
            Type::MicroTime => time(wire.bytes()?, "%Y-%m-%dT%H:%M:%S.%6fZ")?,
            Type::Quantity => text(wire.bytes()?, 1)?.into(),
            Type::IntOrString => int_or_string(wire.bytes()?)?,
            Type::Raw => raw(wire.bytes()?)?,
            Type::Strings => {
                let items = fields(wire.bytes()?)?.into_iter().map(|(_, item)| utf8(item.bytes()?).map(Value::from));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Type::Message(message) => Value::Object(self.message(message, wire.bytes()?)?),
        })
    }
}

/// Go leaves such a value out when it writes JSON.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn utf8(bytes: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Malformed)
}

/// The text in a field of a message; empty if it is absent.
fn text(message: &[u8], wanted: u32) -> Result<String, Malformed> {
    let found = fields(message)?.into_iter().find(|(number, _)| *number == wanted);
    found.map_or(Ok(String::new()), |(_, wire)| utf8(wire.bytes()?))
}

fn ints(message: &[u8], wanted: [u32; 2]) -> Result<[i64; 2], Malformed> {
    let mut numbers = [0; 2];
    for (number, wire) in fields(message)? {
        if let Some(at) = wanted.iter().position(|w| *w == number) {
            numbers[at] = wire.int()?;
        }
    }
    Ok(numbers)
}

fn time(message: &[u8], format: &str) -> Result<Value, Malformed> {
    let [seconds, nanos] = ints(message, [1, 2])?;
    if seconds == 0 && nanos == 0 {
        return Ok(Value::Null);
    }
    let nanos = i32::try_from(nanos).map_err(|_| Malformed)?;
    let time = Timestamp::new(seconds, nanos).map_err(|_| Malformed)?;
    Ok(time.strftime(format).to_string().into())
}

fn int_or_string(message: &[u8]) -> Result<Value, Malformed> {
    match ints(message, [1, 2])? {
        [0, number] => Ok(number.into()),
        _ => Ok(text(message, 3)?.into()),
    }
}

fn raw(message: &[u8]) -> Result<Value, Malformed> {
    let found = fields(message)?.into_iter().find(|(number, _)| *number == 1);
    match found {
        None => Ok(Value::Null),
        Some((_, wire)) => serde_json::from_slice(wire.bytes()?).map_err(|_| Malformed),
    }
}

#[cfg(test)]
mod tests;
