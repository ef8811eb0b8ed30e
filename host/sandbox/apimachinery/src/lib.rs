//! backplane-apimachinery.
