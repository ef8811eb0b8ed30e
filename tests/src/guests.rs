//! Guests that only tests load, with the kinds they work on.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::driver::Driver;
use crate::resource::Resource;
use crate::wait::eventually;

/// The kind of the guest `rude`: its name says how the guest is to misbehave.
pub const WISH: Resource = Resource { group: "demo.example.org", version: "v1", kind: "Wish", plural: "wishes" };

/// The kind of the guest `website`.
pub const WEBSITE: Resource =
    Resource { group: "demo.example.org", version: "v1", kind: "Website", plural: "websites" };

const WISH_CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: wishes.demo.example.org}
spec:
  group: demo.example.org
  scope: Namespaced
  names: {kind: Wish, listKind: WishList, plural: wishes, singular: wish}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

const WEBSITE_CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: websites.demo.example.org}
spec:
  group: demo.example.org
  scope: Namespaced
  names: {kind: Website, listKind: WebsiteList, plural: websites, singular: website}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}}
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [image]
              properties:
                image: {type: string}
                replicas: {type: integer, format: int32}
            status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";

/// A compiled guest, such as `website.wasm`: in `BACKPLANE_GUESTS`, or where a build of the workspace puts it.
pub fn guest(name: &str) -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/target/wasm32-wasip2/release");
    std::env::var_os("BACKPLANE_GUESTS").map_or_else(built, Into::into).join(name)
}

/// Defines the kinds of `rude` and `website`.
///
/// # Errors
/// What the API server refused.
pub async fn define(driver: &Driver) -> Result<()> {
    driver.apply(WISH_CRD).await?;
    driver.apply(WEBSITE_CRD).await
}

/// Applies a manifest whose kind has just been defined, as soon as the kind is served.
///
/// # Errors
/// What the API server refused last.
pub async fn apply_new(driver: &Driver, limit: std::time::Duration, manifest: &str) -> Result<()> {
    eventually("the manifest taken", limit, async || {
        driver.apply(manifest).await?;
        Ok(Ok(()))
    })
    .await
}

/// A wish for this misdeed.
pub fn wish(misdeed: &str) -> String {
    format!(
        "apiVersion: demo.example.org/v1\nkind: Wish\nmetadata: {{name: {misdeed}, namespace: default}}\nspec: {{}}\n"
    )
}

/// A Website with one replica.
pub fn website(name: &str) -> String {
    format!(
        "apiVersion: demo.example.org/v1
kind: Website
metadata: {{name: {name}, namespace: default}}
spec: {{image: \"nginx:1.29\", replicas: 1}}
"
    )
}
