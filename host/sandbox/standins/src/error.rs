//! Why a reconcile got no further. Every one is tried again, with a growing pause.

use crate::client::ApiError;

/// What a stand-in could not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The management API refused.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A tenant's API refused or did not answer.
    #[error("request to tenant cluster {cluster} failed")]
    Tenant {
        cluster: String,
        #[source]
        source: Box<kube::Error>,
    },
    /// A kubeconfig Secret holds no usable kubeconfig.
    #[error("kubeconfig of cluster {cluster} cannot be used: {what}")]
    Kubeconfig { cluster: String, what: String },
    /// A tenant's API server cannot be started.
    #[error("API server of {tenant} cannot start: {what}")]
    Server { tenant: String, what: String },
    /// There is no address left.
    #[error(transparent)]
    Pool(#[from] crate::addresses::pool::PoolError),
    /// Join data cannot be rendered.
    #[error(transparent)]
    Render(#[from] crate::kubeadm::cloud_init::RenderError),
    /// An object that is needed is not as it should be.
    #[error("{0}")]
    Object(String),
}

impl Error {
    /// The error with its causes on one line.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
