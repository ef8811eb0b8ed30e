//! A kind as a Rust type, and an object of it with its metadata.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::meta::{ObjectMeta, OwnerReference};
use crate::refs::{Key, Kind, ObjectRef};

/// A type that stands for a kind. Derive it: `#[derive(Object, Deserialize)]`.
///
/// The type names only the members it needs; unknown members are skipped while reading, which is what makes reading cheap.
pub trait Object: Sized {
    /// The kind.
    const KIND: Kind;
}

/// An object: its metadata beside its other members. Dereferences to the members, so `site.spec` and `site.name()` both work.
///
/// `Obj<Value>` holds an object of any kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Obj<T> {
    /// Name, labels, owners and so on.
    pub metadata: ObjectMeta,
    /// The members that the type names.
    pub body: T,
}

impl<T> Obj<T> {
    /// An object that is not in the cluster yet.
    pub fn new(metadata: ObjectMeta, body: T) -> Self {
        Self { metadata, body }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Its namespace; empty for cluster-scoped kinds.
    pub fn namespace(&self) -> &str {
        self.metadata.namespace.as_deref().unwrap_or_default()
    }

    /// Its uid; empty before it exists.
    pub fn uid(&self) -> &str {
        &self.metadata.uid
    }

    /// Namespace and name. Children often share it.
    pub fn key(&self) -> Key {
        Key { namespace: self.metadata.namespace.clone(), name: self.metadata.name.clone() }
    }

    /// Whether deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        self.metadata.is_deleting()
    }
}

impl<T: Object> Obj<T> {
    /// What a child writes into its `ownerReferences`, with `controller` set.
    pub fn owner_reference(&self) -> OwnerReference {
        OwnerReference {
            api_version: T::KIND.api_version(),
            kind: T::KIND.kind.into_owned(),
            name: self.metadata.name.clone(),
            uid: self.metadata.uid.clone(),
            controller: true,
            block_owner_deletion: true,
        }
    }
}

impl<T> Deref for Obj<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.body
    }
}

impl<T> DerefMut for Obj<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.body
    }
}

/// Something that names an object of the cluster.
pub trait Identify {
    /// Which object.
    fn object_ref(&self) -> ObjectRef;
}

impl Identify for ObjectRef {
    fn object_ref(&self) -> ObjectRef {
        self.clone()
    }
}

impl<T: Object> Identify for Obj<T> {
    fn object_ref(&self) -> ObjectRef {
        T::KIND.at(&self.key())
    }
}

impl Identify for Obj<Value> {
    fn object_ref(&self) -> ObjectRef {
        let text = |member: &str| self.body.get(member).and_then(Value::as_str).unwrap_or_default();
        Kind::parse(text("apiVersion"), text("kind")).at(&self.key())
    }
}

impl<T: Object + Serialize> Serialize for Obj<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut object = serde_json::to_value(&self.body).map_err(S::Error::custom)?;
        let members =
            object.as_object_mut().ok_or_else(|| S::Error::custom("an object is a struct with named members"))?;
        members.insert("apiVersion".into(), T::KIND.api_version().into());
        members.insert("kind".into(), T::KIND.kind.into());
        members.insert("metadata".into(), serde_json::to_value(&self.metadata).map_err(S::Error::custom)?);
        object.serialize(serializer)
    }
}

/// Reads metadata and members in one pass over the text: `metadata` is taken out on the way, the rest goes to `T`.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Obj<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Whole(PhantomData))
    }
}

struct Whole<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Whole<T> {
    type Value = Obj<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kubernetes object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Obj<T>, A::Error> {
        let mut metadata = None;
        let body = T::deserialize(MapAccessDeserializer::new(WithoutMetadata { map, metadata: &mut metadata }))?;
        Ok(Obj { metadata: metadata.unwrap_or_default(), body })
    }
}

struct WithoutMetadata<'a, A> {
    map: A,
    metadata: &'a mut Option<ObjectMeta>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutMetadata<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(key) = self.map.next_key::<Cow<'de, str>>()? {
            if key == "metadata" {
                *self.metadata = Some(self.map.next_value()?);
            } else {
                return seed.deserialize(CowStrDeserializer::new(key)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Spec {
        pages: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, crate::Object)]
    #[object(group = "demo.example.org", version = "v1")]
    struct Website {
        spec: Spec,
    }

    #[test]
    fn metadata_is_read_beside_the_members_wherever_it_stands() {
        let texts = [
            r#"{"apiVersion":"demo.example.org/v1","kind":"Website","metadata":{"name":"a","uid":"u"},"spec":{"pages":3}}"#,
            r#"{"spec":{"pages":3},"status":{"x":[1]},"metadata":{"uid":"u","name":"a","managedFields":[]}}"#,
        ];
        for text in texts {
            let site: Obj<Website> = serde_json::from_str(text).expect(text);
            assert_eq!((site.name(), site.uid(), site.spec.pages), ("a", "u", 3));
            assert_eq!(site.key(), Key::cluster("a"));
        }
    }

    #[test]
    fn a_written_object_carries_its_kind() {
        let metadata = ObjectMeta { name: "a".into(), ..ObjectMeta::default() };
        let site = Obj::new(metadata, Website { spec: Spec { pages: 1 } });
        let expected = json!({"apiVersion": "demo.example.org/v1", "kind": "Website", "metadata": {"name": "a"}, "spec": {"pages": 1}});
        assert_eq!(serde_json::to_value(&site).expect("json"), expected);
    }

    #[test]
    fn an_object_of_any_kind_knows_what_it_is() {
        let text = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a","namespace":"n"},"spec":{}}"#;
        let any: Obj<Value> = serde_json::from_str(text).expect("object");
        assert_eq!(any.object_ref(), Kind::new("apps", "v1", "Deployment").at(&Key::new("n", "a")));
        assert_eq!(any["spec"], json!({}));
    }
}
