//! From what a guest asks for (`http://cloud.zrh/servers?limit=0`) to the real address.

use reqwest::Url;

use super::{Endpoint, EndpointError, is_label};

/// Where a variant goes in a base URL.
const VARIANT: &str = "{variant}";

/// A checked base URL.
#[derive(Debug)]
pub(super) struct Address {
    /// Without a slash at its end.
    base: String,
    variants: Variants,
}

#[derive(Debug)]
enum Variants {
    /// The URL has no place for one.
    None,
    /// Any DNS label.
    Any,
    /// One of these.
    Of(Vec<String>),
}

impl Address {
    pub(super) fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        check(endpoint).map_err(|reason| EndpointError::Invalid { name: endpoint.name.clone(), reason })?;
        let variants = match (&endpoint.variants, endpoint.url.contains(VARIANT)) {
            (_, false) => Variants::None,
            (None, true) => Variants::Any,
            (Some(names), true) => Variants::Of(names.clone()),
        };
        Ok(Self { base: endpoint.url.trim_end_matches('/').to_owned(), variants })
    }

    /// The real URL, or `None` if the endpoint has no such variant or the path leads out of its base (`/../admin`).
    pub(super) fn resolve(&self, variant: Option<&str>, path_and_query: &str) -> Option<Url> {
        let base = match (&self.variants, variant) {
            (Variants::None, None) => self.base.clone(),
            (Variants::Any, Some(variant)) if is_label(variant) => self.base.replace(VARIANT, variant),
            (Variants::Of(names), Some(variant)) if names.iter().any(|n| n == variant) => {
                self.base.replace(VARIANT, variant)
            }
            _ => return None,
        };
        if !path_and_query.starts_with('/') {
            return None;
        }
        let url = Url::parse(&format!("{base}{path_and_query}")).ok()?;
        // Compared after parsing, because parsing is what resolves dots and unusual slashes.
        let base = Url::parse(&base).ok()?;
        let inside =
            url.path().strip_prefix(base.path().trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
        (inside && url.origin() == base.origin()).then_some(url)
    }
}

fn check(endpoint: &Endpoint) -> Result<(), String> {
    if !is_label(&endpoint.name) {
        return Err("the name is not a DNS label".into());
    }
    let sample = endpoint.url.replace(VARIANT, "variant");
    let url = Url::parse(&sample).map_err(|error| format!("the url cannot be read: {error}"))?;
    match url.scheme() {
        "https" => {}
        "http" if endpoint.allow_plain_http => {}
        "http" => return Err("the url is not encrypted and plain HTTP is not allowed for it".into()),
        scheme => return Err(format!("the url has the scheme {scheme:?}; https is needed")),
    }
    check_parts(&url)?;
    check_variants(endpoint)
}

fn check_parts(url: &Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the url holds a credential; set `credential` instead".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the url holds a query or a fragment".into());
    }
    Ok(())
}

fn check_variants(endpoint: &Endpoint) -> Result<(), String> {
    let Some(variants) = &endpoint.variants else { return Ok(()) };
    if !endpoint.url.contains(VARIANT) {
        return Err(format!("variants are set but the url does not hold {VARIANT}"));
    }
    match variants.iter().find(|variant| !is_label(variant)) {
        Some(variant) => Err(format!("variant {variant:?} is not a DNS label")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str, variants: Option<&[&str]>) -> Result<Address, EndpointError> {
        let variants = variants.map(|names| names.iter().map(|&n| n.to_owned()).collect());
        Address::new(&Endpoint { variants, ..Endpoint::new("cloud", url) })
    }

    #[test]
    fn a_path_is_appended_to_the_base_and_a_variant_goes_where_the_url_says() {
        let cases = [
            ("no variant", "https://a.example/api/2.0/", None, "https://a.example/api/2.0/servers/?limit=0"),
            ("in the host", "https://{variant}.example", Some("zrh"), "https://zrh.example/servers/?limit=0"),
            ("in the path", "https://a.example/{variant}/v1", Some("zrh"), "https://a.example/zrh/v1/servers/?limit=0"),
        ];
        for (name, url, variant, expected) in cases {
            let address = address(url, None).expect(name);
            assert_eq!(address.resolve(variant, "/servers/?limit=0").expect(name).as_str(), expected, "{name}");
        }
    }

    #[test]
    fn a_variant_that_is_not_offered_leads_nowhere() {
        let listed = address("https://{variant}.example", Some(&["zrh"])).expect("address");
        let any = address("https://{variant}.example", None).expect("address");
        let fixed = address("https://a.example", None).expect("address");
        let cases = [
            ("missing", &listed, None),
            ("not in the list", &listed, Some("fra")),
            ("not a label", &any, Some("evil.example/")),
            ("none wanted", &fixed, Some("zrh")),
        ];
        for (name, address, variant) in cases {
            assert_eq!(address.resolve(variant, "/"), None, "{name}");
        }
    }

    #[test]
    fn a_path_does_not_lead_out_of_the_base() {
        let address = address("https://a.example/api/2.0", None).expect("address");
        for path in ["/../../admin", "/%2e%2e/admin", "/x/../../admin", "@b.example/", ".b.example/"] {
            assert_eq!(address.resolve(None, path), None, "{path}");
        }
    }

    #[test]
    fn a_url_that_cannot_be_meant_is_refused_with_its_reason() {
        let cases = [
            ("http://a.example", None, "not encrypted"),
            ("ftp://a.example", None, "scheme"),
            ("https://user:secret@a.example", None, "credential"),
            ("https://a.example?x=1", None, "query"),
            ("a.example", None, "cannot be read"),
            ("https://a.example", Some(&["zrh"][..]), "does not hold"),
            ("https://{variant}.example", Some(&["Z"][..]), "DNS label"),
        ];
        for (url, variants, expected) in cases {
            let error = address(url, variants).expect_err(url).to_string();
            assert!(error.contains(expected), "{url}: {error}");
            assert!(!error.contains("secret"), "{url}: {error}");
        }
    }
}
