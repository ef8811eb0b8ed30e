//! Which form of an answer a client wants: JSON or YAML, whole objects, tables, or metadata only.
//!
//! Protobuf is not spoken. A client that would take anything else as well gets JSON; one that insists gets 406.

use backplane_apimachinery::Status;

/// Media types of objects that are written here.
const OFFERED: [&str; 2] = ["application/json", "application/yaml"];

/// The wanted form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Accept {
    pub(crate) shape: Shape,
    pub(crate) format: Format,
}

/// How much of objects is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shape {
    #[default]
    Object,
    Table,
    Metadata,
}

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Json,
    Yaml,
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
    pub(crate) fn negotiate(header: Option<&str>) -> Result<Self, Status> {
        clauses(header).iter().find_map(Self::of).ok_or_else(|| Status::not_acceptable(&OFFERED))
    }

    fn of(clause: &Clause<'_>) -> Option<Self> {
        let format = match clause.media {
            "application/json" | "application/*" | "*/*" => Format::Json,
            "application/yaml" => Format::Yaml,
            _ => return None,
        };
        Some(Self { shape: shape(clause)?, format })
    }
}

fn shape(clause: &Clause<'_>) -> Option<Shape> {
    let Some(wanted) = clause.parameter("as") else { return Some(Shape::Object) };
    if clause.parameter("g") != Some("meta.k8s.io") || clause.parameter("v") != Some("v1") {
        return None;
    }
    match wanted {
        "Table" => Some(Shape::Table),
        "PartialObjectMetadata" | "PartialObjectMetadataList" => Some(Shape::Metadata),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_offered_form_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        let accept = |shape, format| Some(Accept { shape, format });
        let cases = [
            ("", accept(Shape::Object, Format::Json)),
            ("*/*", accept(Shape::Object, Format::Json)),
            ("application/vnd.kubernetes.protobuf, */*", accept(Shape::Object, Format::Json)),
            ("application/vnd.kubernetes.protobuf", None),
            (&format!("{table},application/json"), accept(Shape::Table, Format::Json)),
            ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", accept(Shape::Object, Format::Json)),
            ("application/json;q=0.5,application/yaml", accept(Shape::Object, Format::Yaml)),
            (
                "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json",
                accept(Shape::Metadata, Format::Json),
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(Accept::negotiate(Some(header)).ok(), expected, "{header}");
        }
        assert_eq!(Accept::negotiate(Some("text/html")).unwrap_err().code(), 406);
    }
}
