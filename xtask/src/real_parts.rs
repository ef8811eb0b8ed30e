//! `cargo xtask real-parts`: builds the programs that users run, for the tests that are held to them.
//!
//! Each family of programs is a Go module under `tests/real`, with versions pinned in its `go.mod` and `go.sum`. What is built
//! lies in `target/real`: `bin/` and, beside it, the manifests that came with a program. A stamp beside each program says from
//! what it was built, so that a second call does nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::run::{root, run, target};

/// Programs that are built from one module in one go.
struct Family {
    /// Folder under `tests/real`.
    folder: &'static str,
    /// Name of the program, and its package.
    programs: &'static [(&'static str, &'static str)],
    /// Version that the programs report, for those that do not know it by themselves.
    version: Option<(u32, u32, u32)>,
    /// Roughly how long the first build takes on two cores.
    usual: &'static str,
}

/// What tests need.
const FAMILIES: [Family; 3] = [
    Family { folder: "etcd", programs: &[("etcd", "go.etcd.io/etcd/server/v3")], version: None, usual: "40 s" },
    Family {
        folder: "kubernetes",
        programs: &[
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            ("kube-controller-manager", "k8s.io/kubernetes/cmd/kube-controller-manager"),
        ],
        version: Some((1, 35, 4)),
        usual: "7 min",
    },
    Family {
        folder: "cluster-api",
        programs: &[
            ("cluster-api", "sigs.k8s.io/cluster-api"),
            ("kubeadm-bootstrap", "sigs.k8s.io/cluster-api/bootstrap/kubeadm"),
        ],
        version: None,
        usual: "3 min",
    },
];

/// What only comparisons need: the same logic as others write it.
const CONTROLLER: Family =
    Family { folder: "controller", programs: &[("controller", ".")], version: None, usual: "2 min" };

/// Manifests of a module: where they lie in it, and where they go.
const MANIFESTS: [(&str, &str); 2] = [("", "core"), ("bootstrap/kubeadm", "kubeadm")];

/// Builds what is missing of what tests need; returns the folder.
pub(crate) fn for_tests() -> Result<PathBuf> {
    ensure(FAMILIES.iter())
}

/// Builds what is missing; returns the folder.
pub(crate) fn all() -> Result<PathBuf> {
    ensure(FAMILIES.iter().chain([&CONTROLLER]))
}

fn ensure<'a>(families: impl Iterator<Item = &'a Family>) -> Result<PathBuf> {
    let start = Instant::now();
    let go = go_version()?;
    let out = folder();
    std::fs::create_dir_all(out.join("bin"))?;
    for family in families {
        family.ensure(&out, &go)?;
    }
    eprintln!("real parts are in {} ({:.0} s)", shown(&out), start.elapsed().as_secs_f64());
    Ok(out)
}

/// `BACKPLANE_REAL_PARTS`, or `target/real`.
fn folder() -> PathBuf {
    std::env::var_os("BACKPLANE_REAL_PARTS").map_or_else(|| target().join("real"), PathBuf::from)
}

impl Family {
    fn ensure(&self, out: &Path, go: &str) -> Result<()> {
        let module = root().join("tests/real").join(self.folder);
        let stamp = self.stamp(&module, go)?;
        let names: Vec<&str> = self.programs.iter().map(|(name, _)| *name).collect();
        if names.iter().all(|name| is_current(out, name, &stamp)) {
            eprintln!("{}: there already", names.join(", "));
            return Ok(());
        }
        eprintln!("{}: building; the first time takes about {} on two cores", names.join(", "), self.usual);
        let start = Instant::now();
        for (name, package) in self.programs {
            self.build(&module, &out.join("bin").join(name), package)?;
        }
        if self.folder == "cluster-api" {
            copy_manifests(&module, &out.join(self.folder))?;
        }
        for name in &names {
            std::fs::write(stamp_file(out, name), &stamp)?;
        }
        eprintln!("{}: built in {:.0} s", names.join(", "), start.elapsed().as_secs_f64());
        Ok(())
    }

    fn build(&self, module: &Path, program: &Path, package: &str) -> Result<()> {
        let mut command = go(module);
        command.args(["build", "-trimpath", "-ldflags", &self.linking(), "-o"]).arg(program).arg(package);
        run(&mut command)
    }

    /// Without symbols a program is a third smaller. A Kubernetes program that was not told its version is refused by clients.
    fn linking(&self) -> String {
        let package = "k8s.io/component-base/version";
        let version = self.version.map(|(major, minor, patch)| {
            format!(
                " -X {package}.gitVersion=v{major}.{minor}.{patch} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
            )
        });
        format!("-s -w{}", version.unwrap_or_default())
    }

    /// Changes when anything changes that the programs are built from.
    fn stamp(&self, module: &Path, go: &str) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        (go, self.linking()).hash(&mut hasher);
        let mut files: Vec<PathBuf> = std::fs::read_dir(module)
            .with_context(|| format!("{} cannot be read", shown(module)))?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            (file.file_name(), std::fs::read(file)?).hash(&mut hasher);
        }
        Ok(format!("{:016x}\n", hasher.finish()))
    }
}

fn is_current(out: &Path, name: &str, stamp: &str) -> bool {
    out.join("bin").join(name).is_file()
        && std::fs::read_to_string(stamp_file(out, name)).is_ok_and(|found| found == stamp)
}

fn stamp_file(out: &Path, name: &str) -> PathBuf {
    out.join("bin").join(format!(".{name}.stamp"))
}

/// The CRDs and webhooks with which a manager is deployed lie in its module.
fn copy_manifests(module: &Path, out: &Path) -> Result<()> {
    let mut command = go(module);
    let listed = command.args(["list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/cluster-api"]).output()?;
    let source = PathBuf::from(String::from_utf8(listed.stdout)?.trim());
    for (from, to) in MANIFESTS {
        let (from, to) = (source.join(from).join("config"), out.join(to));
        let crds = to.join("crds");
        std::fs::create_dir_all(&crds)?;
        for entry in std::fs::read_dir(from.join("crd/bases"))? {
            let entry = entry?;
            write(&entry.path(), &crds.join(entry.file_name()))?;
        }
        write(&from.join("webhook/manifests.yaml"), &to.join("webhooks.yaml"))?;
    }
    Ok(())
}

/// Not `copy`: files of the module cache are read-only, and a second copy would fail.
fn write(from: &Path, to: &Path) -> Result<()> {
    let text = std::fs::read(from).with_context(|| format!("{} cannot be read", from.display()))?;
    std::fs::write(to, text).with_context(|| format!("{} cannot be written", to.display()))
}

/// `go` in a module, reproducibly.
fn go(module: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(module).env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=readonly -buildvcs=false");
    command
}

/// The version of Go, or what to do about its absence.
fn go_version() -> Result<String> {
    let Ok(output) = Command::new("go").arg("version").output() else {
        bail!("Go was not found; real parts are built with Go 1.26 or newer, see https://go.dev/dl");
    };
    if !output.status.success() {
        bail!("`go version` failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// A path as it is seen from the workspace.
fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
