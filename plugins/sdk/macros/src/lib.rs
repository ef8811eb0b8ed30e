//! The derive and the attribute of `backplane-sdk`. Use them through `backplane_sdk::prelude`.
//!
//! They write what every plugin would have to write by hand, nothing clever: constants, a declaration, an export. What runs
//! is in the SDK, where it can be read.

mod object;
mod reconciler;

use proc_macro::TokenStream;

/// Says which kind a struct is: `#[object(group = "demo.example.org", version = "v1", kind = "Website")]`.
///
/// `group` left out is the core group, `kind` left out is the struct's name. The struct names the members it needs, such as
/// `spec`; `metadata` comes beside it, in `backplane_sdk::Obj`.
#[proc_macro_derive(Object, attributes(object))]
pub fn derive_object(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    object::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function the plugin: it is called for every object of its first parameter's kind.
///
/// ```text
/// #[reconciler(owns = [Deployment, Service])]
/// fn reconcile(site: Website, cluster: &Cluster) -> Result<Outcome> { … }
/// ```
///
/// | member | meaning | left out |
/// | --- | --- | --- |
/// | `name` | the plugin's name, a DNS label | the package's name |
/// | `owns` | kinds it applies and deletes; a change wakes the owner | none |
/// | `reads` | kinds it reads | none |
/// | `endpoints` | names of HTTP endpoints it calls | none |
/// | `settings` | type of its settings, handed as third parameter `&Settings` | none |
/// | `finalizer`, `on_delete` | mark, and function of the same shape called before the object goes | not called for objects that are being deleted |
///
/// `site: Website` is short for `site: Obj<Website>`, and that is what the function gets.
#[proc_macro_attribute]
pub fn reconciler(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = syn::parse_macro_input!(arguments as reconciler::Arguments);
    let function = syn::parse_macro_input!(item as syn::ItemFn);
    reconciler::expand(&arguments, function).unwrap_or_else(syn::Error::into_compile_error).into()
}
