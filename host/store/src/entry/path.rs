//! Values at a reference path, found without building a tree.

use std::fmt;

use backplane_core::declaration::FieldPath;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::parse::Key;

/// The strings at a path. The elements of an array on the way are each followed, so that
/// `.spec.workers.secretName` finds the secrets of all workers. Empty strings name nothing and are left out.
pub(crate) fn values_at(object: &[u8], path: &FieldPath) -> Vec<String> {
    let mut found = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_slice(object);
    // The bytes were parsed when they came in; something of another form at the path is just no reference.
    let _ = Follow { rest: path.segments(), found: &mut found }.deserialize(&mut deserializer);
    found
}

struct Follow<'p, 'f> {
    rest: &'p [String],
    found: &'f mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Follow<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Follow<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match self.rest.split_first() {
                Some((first, rest)) if first.as_str() == key => {
                    map.next_value_seed(Follow { rest, found: self.found })?
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Follow { rest: self.rest, found: self.found })?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.rest.is_empty() && !text.is_empty() && !self.found.iter().any(|known| known == text) {
            self.found.push(text.to_owned());
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_strings_through_objects_and_arrays() {
        let object = br#"{"a":{"b":"x","c":1},"list":[{"n":"p"},{"n":"q"},{"n":""},{"n":"p"},7],"b":"no","s":["u"]}"#;
        let cases: [(&str, &[&str]); 6] = [
            (".a.b", &["x"]),
            (".a.c", &[]),
            (".a", &[]),
            (".list.n", &["p", "q"]),
            (".absent.b", &[]),
            (".s", &["u"]),
        ];
        for (path, expected) in cases {
            assert_eq!(values_at(object, &path.parse().expect(path)), expected, "{path}");
        }
    }
}
