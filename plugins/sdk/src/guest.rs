//! Where the library meets the host: bindings made from `wit/`, and translation between them and the library's own words.
//!
//! Exports are made in the plugin's crate, by the `export_…!` macros: a component must export only what its plugin serves.

mod convert;
mod exports;
mod host;

pub use exports::{ControllerGuest, ProviderGuest};
pub(crate) use host::{log, settings};

/// What every plugin may import. A component keeps only what its code reaches.
#[expect(missing_docs, reason = "generated; documented in wit/")]
pub mod imports {
    wit_bindgen::generate!({
        world: "backplane:worlds/imports",
        generate_all,
        path: [
            "../../wit/types", "../../wit/store", "../../wit/cluster", "../../wit/settings", "../../wit/logging",
            "../../wit/lifecycle", "../../wit/reconciler", "../../wit/provider", "../../wit/worlds",
        ],
    });
}

pub use imports::backplane::types::types;

/// The export that every plugin has.
#[expect(missing_docs, reason = "generated; documented in wit/")]
pub mod lifecycle {
    wit_bindgen::generate!({
        inline: "package backplane:sdk-lifecycle; world lifecycle-export { export backplane:lifecycle/lifecycle@0.1.0; }",
        path: ["../../wit/types", "../../wit/lifecycle"],
        with: { "backplane:types/types@0.1.0": crate::guest::types },
        pub_export_macro: true,
    });
}

/// The export of a plugin that reconciles.
#[expect(missing_docs, reason = "generated; documented in wit/")]
pub mod reconciler {
    wit_bindgen::generate!({
        inline: "package backplane:sdk-reconciler; world reconciler-export { export backplane:reconciler/reconciler@0.1.0; }",
        path: ["../../wit/types", "../../wit/reconciler"],
        with: { "backplane:types/types@0.1.0": crate::guest::types },
        pub_export_macro: true,
    });
}

/// The export of a plugin that provides machines.
#[expect(missing_docs, reason = "generated; documented in wit/")]
pub mod machines {
    wit_bindgen::generate!({
        inline: "package backplane:sdk-machines; world machines-export { export backplane:provider/machines@0.1.0; }",
        path: ["../../wit/types", "../../wit/provider"],
        with: { "backplane:types/types@0.1.0": crate::guest::types },
        pub_export_macro: true,
    });
}
