//! backplane-reconcile.
