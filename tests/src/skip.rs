//! Tests that need a tool which is not there: skipped where everybody can see it, and an error in CI.

/// Says that a test is skipped, and why. `cargo xtask test` repeats the line in its counts.
///
/// # Errors
/// In CI (`BACKPLANE_CI` is set), where every tool has to be there.
pub fn skipped(what: &str, why: &str) -> anyhow::Result<()> {
    if std::env::var_os("BACKPLANE_CI").is_some() {
        anyhow::bail!("{what} cannot be skipped in CI: {why}");
    }
    println!("skipped: {what}: {why}");
    Ok(())
}
