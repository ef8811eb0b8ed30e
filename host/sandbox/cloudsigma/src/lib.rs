//! backplane-cloudsigma-sim.
