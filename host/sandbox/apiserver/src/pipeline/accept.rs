//! Which form of an answer a client wants: JSON or YAML, whole objects, tables, or metadata only.
//!
//! Protobuf is not spoken, though it is named among what is offered, as the real server would. A client that would take
//! anything else as well gets JSON; one that insists gets 406.

use backplane_apimachinery::kind::Origin;
use backplane_apimachinery::{ResourceKind, Status};

/// Media types of single objects and documents, as the real server offers them.
const OFFERED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// What it offers besides for lists, which can also be watched.
const WATCHED: &str = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// What is asked for, which decides what is offered and how a refusal reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// One object of a built-in kind.
    One,
    /// Many objects of a built-in kind.
    Many,
    /// Objects of a defined kind, which another part of the real server answers.
    Custom,
    /// A discovery document.
    Document,
    /// The server's version, in JSON only.
    Version,
}

/// The wanted form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Accept {
    pub(crate) shape: Shape,
    pub(crate) format: Format,
    pub(crate) meta: Meta,
}

/// How much of objects is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    #[default]
    Object,
    Table,
    /// The metadata of one object.
    Metadata,
    /// The metadata of many.
    MetadataList,
}

/// In which version of `meta.k8s.io` tables and metadata are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Meta {
    #[default]
    V1,
    V1Beta1,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Yaml,
}

impl Meta {
    /// `apiVersion` of what is written in it.
    pub(crate) fn api_version(self) -> &'static str {
        match self {
            Self::V1 => "meta.k8s.io/v1",
            Self::V1Beta1 => "meta.k8s.io/v1beta1",
        }
    }
}

impl Offer {
    /// For objects of a kind.
    pub(crate) fn of(kind: &ResourceKind, verb: &str) -> Self {
        match verb {
            _ if kind.origin == Origin::Custom => Self::Custom,
            "list" | "watch" | "deletecollection" => Self::Many,
            _ => Self::One,
        }
    }

    /// 406 in the words of the part of the real server that finds that nothing fits: its router, which looks at the media
    /// type alone, or what comes after it.
    fn refusal(self, clauses: &[Clause<'_>]) -> Status {
        let known = |c: &Clause<'_>| Format::of(c.media).is_some() || c.media == "application/vnd.kubernetes.protobuf";
        let routed = clauses.iter().any(|c| known(c) && (self != Self::Version || c.media != "application/yaml"));
        match self {
            Self::Custom => Status::not_acceptable("application/json, application/yaml"),
            _ if routed => Status::not_acceptable(OFFERED),
            Self::One | Self::Document => Status::not_available(OFFERED),
            Self::Many => Status::not_available(&format!("{OFFERED}, {WATCHED}")),
            Self::Version => Status::not_available("application/json"),
        }
    }
}

impl Format {
    fn of(media: &str) -> Option<Self> {
        match media {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// The format of an error: the first wanted one that can be written, JSON if there is none.
    pub(crate) fn of_error(header: Option<&str>) -> Self {
        clauses(header).iter().find_map(|clause| Self::of(clause.media)).unwrap_or_default()
    }
}

/// One clause of an `Accept` header.
pub(crate) struct Clause<'a> {
    pub(crate) media: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl Clause<'_> {
    pub(crate) fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|(k, _)| *k == key).map(|(_, value)| *value)
    }
}

/// The clauses of an `Accept` header, best first; an absent header takes anything.
pub(crate) fn clauses(header: Option<&str>) -> Vec<Clause<'_>> {
    let header = header.filter(|text| !text.trim().is_empty()).unwrap_or("*/*");
    let mut clauses: Vec<Clause<'_>> = header.split(',').map(clause).collect();
    let quality = |c: &Clause<'_>| c.parameter("q").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
    clauses.sort_by(|a, b| quality(b).total_cmp(&quality(a)));
    clauses
}

fn clause(text: &str) -> Clause<'_> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    Clause { media, parameters: parts.filter_map(|part| part.split_once('=')).collect() }
}

impl Accept {
    /// Chooses the first wanted form that is offered.
    ///
    /// # Errors
    /// 406 if there is none.
    pub(crate) fn negotiate(header: Option<&str>, offer: Offer) -> Result<Self, Status> {
        let clauses = clauses(header);
        let found = clauses.iter().find_map(Self::of);
        let fits = |accept: &Self| offer != Offer::Version || accept.format == Format::Json;
        found.filter(fits).ok_or_else(|| offer.refusal(&clauses))
    }

    fn of(clause: &Clause<'_>) -> Option<Self> {
        let format = Format::of(clause.media)?;
        let Some(wanted) = clause.parameter("as") else { return Some(Self { format, ..Self::default() }) };
        let meta = match (clause.parameter("g"), clause.parameter("v")) {
            (Some("meta.k8s.io"), Some("v1")) => Meta::V1,
            (Some("meta.k8s.io"), Some("v1beta1")) => Meta::V1Beta1,
            _ => return None,
        };
        let shape = match wanted {
            "Table" => Shape::Table,
            "PartialObjectMetadata" => Shape::Metadata,
            "PartialObjectMetadataList" => Shape::MetadataList,
            _ => return None,
        };
        Some(Self { shape, format, meta })
    }

    /// For a watch, which is a stream of JSON.
    ///
    /// # Errors
    /// 406 if something else is wanted.
    pub(crate) fn streamed(self) -> Result<Self, Status> {
        if self.format == Format::Json { Ok(self) } else { Err(Status::not_acceptable(WATCHED)) }
    }

    /// Whether the wanted form is one for what the answer holds; `many` is whether that is a list.
    ///
    /// # Errors
    /// 406 if metadata of one object is wanted and there are many, or the other way round.
    pub(crate) fn fits(self, kind: &ResourceKind, many: bool) -> Result<(), Status> {
        let (wanted, but) = match (self.shape, many) {
            (Shape::MetadataList, false) => ("PartialObjectMetadataList", "is not a list"),
            (Shape::Metadata, true) => ("PartialObjectMetadata", "is a list"),
            _ => return Ok(()),
        };
        let type_ = go_type(kind, if many { &kind.list_kind } else { &kind.kind });
        Err(Status::new(
            406,
            "NotAcceptable",
            format!("you requested {wanted}, but the requested object {but} ({type_})"),
        ))
    }
}

/// What the real server calls the type of a kind's objects in its own code, which some of its errors show.
fn go_type(kind: &ResourceKind, name: &str) -> String {
    match (kind.origin, kind.group.split('.').next().unwrap_or_default()) {
        (Origin::Custom, _) if name == kind.kind => "*unstructured.Unstructured".to_owned(),
        (Origin::Custom, _) => "*unstructured.UnstructuredList".to_owned(),
        (_, "") => format!("*core.{name}"),
        (_, package) => format!("*{package}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offered_form_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let accept = |shape, format| Some(Accept { shape, format, ..Accept::default() });
        let beta = |shape| Some(Accept { shape, meta: Meta::V1Beta1, ..Accept::default() });
        let cases = [
            ("", accept(Shape::Object, Format::Json)),
            ("*/*", accept(Shape::Object, Format::Json)),
            ("application/vnd.kubernetes.protobuf, */*", accept(Shape::Object, Format::Json)),
            ("application/vnd.kubernetes.protobuf", None),
            (&format!("{table},application/json"), accept(Shape::Table, Format::Json)),
            ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", beta(Shape::Table)),
            ("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", accept(Shape::Object, Format::Json)),
            ("application/json;q=0.5,application/yaml", accept(Shape::Object, Format::Yaml)),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
                accept(Shape::MetadataList, Format::Json),
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(Accept::negotiate(Some(header), Offer::One).ok(), expected, "{header}");
        }
    }

    #[test]
    fn a_refusal_names_what_is_offered() {
        let refused = |header, offer| Accept::negotiate(Some(header), offer).unwrap_err();
        let (html, nonsense) = ("text/html", "application/json;as=Nonsense;v=v1;g=meta.k8s.io");
        let cases = [
            (html, Offer::One, "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml"),
            (html, Offer::Custom, "only the following media types are accepted: application/json, application/yaml"),
            ("application/yaml", Offer::Version, "406: Not Acceptable\n\nAvailable representations: application/json"),
            (nonsense, Offer::One, "only the following media types are accepted: application/json, application/yaml"),
        ];
        for (header, offer, message) in cases {
            let status = refused(header, offer);
            assert_eq!(status.code(), 406, "{header}");
            assert!(status.message().starts_with(message), "{}", status.message());
        }
    }
}
