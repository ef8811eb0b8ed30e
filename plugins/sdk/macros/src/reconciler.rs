//! `#[reconciler(…)]`: declaration, settings and export around one function.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, ExprArray, ExprLit, FnArg, Ident, ItemFn, Lit, LitStr, Path, Result, Token, Type, bracketed};

/// What stands in the parentheses.
#[derive(Default)]
pub(crate) struct Arguments {
    name: Option<LitStr>,
    owns: Vec<Path>,
    reads: Vec<Path>,
    endpoints: Vec<LitStr>,
    settings: Option<Type>,
    finalizer: Option<LitStr>,
    on_delete: Option<Path>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            arguments.take(&key, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if arguments.finalizer.is_some() != arguments.on_delete.is_some() {
            return Err(input.error("`finalizer` and `on_delete` come together"));
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn take(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(input.parse()?),
            "owns" => self.owns = paths(input)?,
            "reads" => self.reads = paths(input)?,
            "endpoints" => self.endpoints = texts(&input.parse()?)?,
            "settings" => self.settings = Some(input.parse()?),
            "finalizer" => self.finalizer = Some(input.parse()?),
            "on_delete" => self.on_delete = Some(input.parse()?),
            _ => {
                let known =
                    "one of `name`, `owns`, `reads`, `endpoints`, `settings`, `finalizer`, `on_delete` is expected";
                return Err(Error::new_spanned(key, known));
            }
        }
        Ok(())
    }
}

fn paths(input: ParseStream<'_>) -> Result<Vec<Path>> {
    let list;
    bracketed!(list in input);
    Ok(Punctuated::<Path, Token![,]>::parse_terminated(&list)?.into_iter().collect())
}

fn texts(array: &ExprArray) -> Result<Vec<LitStr>> {
    let text = |element: &Expr| match element {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(Error::new_spanned(other, "a text is expected")),
    };
    array.elems.iter().map(text).collect()
}

pub(crate) fn expand(arguments: &Arguments, mut function: ItemFn) -> Result<TokenStream> {
    let kind = object_parameter(&mut function)?;
    let controller = format_ident!("{}Controller", last_segment(&kind)?);
    let description = format!("The plugin around `{}`, as the host sees it.", function.sig.ident);
    let (declare, configure) = (declaration(arguments, &kind), configuration(arguments));
    let reconcile = reconciliation(arguments, &function, &kind);
    Ok(quote! {
        #function

        #[doc = #description]
        pub(crate) struct #controller;

        impl ::backplane_sdk::Controller for #controller {
            fn declare() -> ::backplane_sdk::Declaration { #declare }
            #configure
            fn reconcile(
                request: &::backplane_sdk::Request,
                cluster: &::backplane_sdk::Cluster,
            ) -> ::backplane_sdk::Result<::backplane_sdk::Response> { #reconcile }
        }

        ::backplane_sdk::export_controller!(#controller);
    })
}

/// The kind of the first parameter; `Website` is rewritten to `Obj<Website>`.
fn object_parameter(function: &mut ItemFn) -> Result<Type> {
    let signature = function.sig.clone();
    let Some(FnArg::Typed(parameter)) = function.sig.inputs.first_mut() else {
        return Err(Error::new_spanned(signature, "the first parameter is the object, such as `site: Website`"));
    };
    if let Some(inner) = inside_obj(&parameter.ty) {
        return Ok(inner);
    }
    let kind = (*parameter.ty).clone();
    *parameter.ty = syn::parse_quote!(::backplane_sdk::Obj<#kind>);
    Ok(kind)
}

fn inside_obj(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Obj")?;
    let syn::PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner.clone()),
        _ => None,
    })
}

fn last_segment(ty: &Type) -> Result<Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.clone()),
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(ty, "the kind is a type that derives `Object`"))
}

fn declaration(arguments: &Arguments, kind: &Type) -> TokenStream {
    let name = arguments.name.as_ref().map_or_else(|| quote!(env!("CARGO_PKG_NAME")), |name| quote!(#name));
    let (owns, reads, endpoints) = (&arguments.owns, &arguments.reads, &arguments.endpoints);
    let finalizes = arguments.finalizer.is_some();
    quote! {
        ::backplane_sdk::simple::declare::<#kind>(#name, env!("CARGO_PKG_VERSION"), #finalizes)
            #(.owns::<#owns, #kind>())*
            #(.reads(<#reads as ::backplane_sdk::Object>::KIND))*
            #(.calls(#endpoints))*
    }
}

fn configuration(arguments: &Arguments) -> TokenStream {
    arguments.settings.as_ref().map_or_else(TokenStream::new, |settings| {
        quote! {
            fn configure(settings: &[u8]) -> ::core::result::Result<(), ::std::string::String> {
                ::backplane_sdk::settings::parse::<#settings>(settings).map(drop)
            }
        }
    })
}

fn reconciliation(arguments: &Arguments, function: &ItemFn, kind: &Type) -> TokenStream {
    let look = call(&quote_ident(&function.sig.ident), function.sig.inputs.len());
    let load = arguments
        .settings
        .as_ref()
        .map(|settings| quote!(let settings: #settings = ::backplane_sdk::settings::get()?;));
    match (&arguments.finalizer, &arguments.on_delete) {
        (Some(finalizer), Some(remove)) => {
            let remove = call(&quote!(#remove), function.sig.inputs.len());
            quote!(#load ::backplane_sdk::simple::guarded::<#kind, _, _>(request, cluster, #finalizer, #look, #remove))
        }
        _ => quote!(#load ::backplane_sdk::simple::plain::<#kind, _>(request, cluster, #look)),
    }
}

fn quote_ident(ident: &Ident) -> TokenStream {
    quote!(#ident)
}

fn call(function: &TokenStream, parameters: usize) -> TokenStream {
    let settings = (parameters > 2).then(|| quote!(, &settings));
    quote!(|object, cluster: &::backplane_sdk::Cluster| #function(object, cluster #settings).map(::core::convert::Into::into))
}
