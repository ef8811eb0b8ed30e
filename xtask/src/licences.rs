//! Every dependency must be under a licence we can ship with Apache-2.0 code.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::run::{cargo, root};

/// Permissive licences; a dependency needs one of them, or all of those it joins with `AND`.
const ALLOWED: [&str; 14] = [
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "Unlicense",
    "Unicode-3.0",
    "BSL-1.0",
    // Data of certificate authorities, unmodified.
    "CDLA-Permissive-2.0",
];

pub(crate) fn check() -> Result<()> {
    for folder in ["", "plugins"] {
        let packages = packages(folder)?;
        let refused: Vec<String> = packages.iter().filter_map(refusal).collect();
        if !refused.is_empty() {
            bail!("licences that are not allowed:\n{}", refused.join("\n"));
        }
        println!(
            "licences: {} packages of {}/ are fine",
            packages.len(),
            if folder.is_empty() { "host" } else { folder }
        );
    }
    Ok(())
}

fn packages(folder: &str) -> Result<Vec<Value>> {
    let mut command = cargo();
    command.current_dir(root().join(folder)).args(["metadata", "--format-version", "1", "--locked"]);
    let output = command.stderr(Stdio::inherit()).output().context("cannot start cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata printed no JSON")?;
    Ok(metadata["packages"].as_array().cloned().unwrap_or_default())
}

fn refusal(package: &Value) -> Option<String> {
    let licence = package["license"].as_str().unwrap_or("none stated");
    let name = package["name"].as_str().unwrap_or("?");
    (!is_allowed(licence)).then(|| format!("  {name}: {licence}"))
}

/// Reads an SPDX expression far enough: `OR` and the old `/` are a choice, `AND` needs every part.
fn is_allowed(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_allowed_if_one_choice_of_every_part_is() {
        let cases = [
            ("MIT", true),
            ("MIT OR GPL-3.0", true),
            ("MIT/Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("none stated", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(is_allowed(expression), expected, "{expression}");
        }
    }
}
