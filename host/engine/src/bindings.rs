//! The contract in Rust, generated from `wit/`. Private to this crate: everything above it sees core types.
//!
//! One world that holds every import and every export; which exports a component really has is looked up one by one.

wasmtime::component::bindgen!({
    path: [
        "../../wit/types",
        "../../wit/logging",
        "../../wit/settings",
        "../../wit/store",
        "../../wit/cluster",
        "../../wit/lifecycle",
        "../../wit/reconciler",
        "../../wit/provider",
    ],
    inline: "
        package backplane:host;
        world host {
            import backplane:store/store@0.1.0;
            import backplane:cluster/cluster@0.1.0;
            import backplane:settings/settings@0.1.0;
            import backplane:logging/logging@0.1.0;
            import backplane:reconciler/status@0.1.0;
            export backplane:lifecycle/lifecycle@0.1.0;
            export backplane:reconciler/reconciler@0.1.0;
            export backplane:provider/machines@0.1.0;
        }
    ",
    imports: {
        "backplane:cluster/cluster@0.1.0": async | trappable,
        default: trappable,
    },
    exports: { default: async },
});

pub(crate) use self::backplane::{
    cluster::cluster, logging::logging, reconciler::status, settings::settings, store::store, types::types,
};
pub(crate) use self::exports::backplane::{lifecycle::lifecycle, provider::machines, reconciler::reconciler};
