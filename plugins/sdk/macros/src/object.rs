//! `#[derive(Object)]`: the kind of a struct as a constant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, LitStr, Result};

/// What `#[object(…)]` says.
#[derive(Default)]
struct Named {
    group: Option<LitStr>,
    version: Option<LitStr>,
    kind: Option<LitStr>,
}

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    refuse_metadata(input)?;
    let named = read(input)?;
    let group = named.group.map(|group| group.value()).unwrap_or_default();
    let version = named.version.ok_or_else(|| Error::new_spanned(input, "`#[object(version = \"…\")]` is missing"))?;
    let kind = named.kind.map_or_else(|| input.ident.to_string(), |kind| kind.value());
    let name = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    Ok(quote! {
        impl #generics ::backplane_sdk::Object for #name #arguments #bounds {
            const KIND: ::backplane_sdk::Kind = ::backplane_sdk::Kind::new(#group, #version, #kind);
        }
    })
}

fn read(input: &DeriveInput) -> Result<Named> {
    let mut named = Named::default();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("object")) {
        attribute.parse_nested_meta(|meta| {
            let place = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("group") => &mut named.group,
                Some("version") => &mut named.version,
                Some("kind") => &mut named.kind,
                _ => return Err(meta.error("one of `group`, `version`, `kind` is expected")),
            };
            *place = Some(meta.value()?.parse()?);
            Ok(())
        })?;
    }
    Ok(named)
}

/// The metadata is handed beside the struct; a field of that name would stay empty.
fn refuse_metadata(input: &DeriveInput) -> Result<()> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "an object is a struct"));
    };
    for field in &data.fields {
        if field.ident.as_ref().is_some_and(|ident| ident == "metadata") {
            return Err(Error::new_spanned(field, "leave `metadata` out: it comes with `Obj`, as `object.metadata`"));
        }
    }
    Ok(())
}
