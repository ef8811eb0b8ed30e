//! Files that are plugins, and files that are not.

use backplane_core::ErrorChain;
use backplane_core::declaration::Wake;
use backplane_engine::{Component, DescribeError, Engine, EngineSettings, Export, Generation, Limits, LoadError};

use crate::support::{engine, guest, guests, kind, limited, load};

fn refused(name: &str, bytes: &[u8]) -> String {
    match engine().load(name, bytes) {
        Ok(component) => panic!("{name} was loaded: {component:?}"),
        Err(error) => ErrorChain(&error).to_string(),
    }
}

#[test]
fn a_file_that_is_no_plugin_is_refused_with_its_name_and_the_reason() {
    let echo = guest("echo");
    let noise: Vec<u8> = (0..4_096_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut damaged = echo.clone();
    damaged[5_000..5_040].fill(0xff);
    let cases = [
        ("empty.txt", b"".to_vec(), "it is empty"),
        ("noise.bin", noise, "does not begin as WebAssembly does"),
        ("core.wasm", b"\0asm\x01\0\0\0".to_vec(), "it is a core module"),
        ("half.wasm", echo[..echo.len() / 2].to_vec(), "not a WebAssembly component"),
        ("damaged.wasm", damaged, "not a WebAssembly component"),
        ("nothing.wasm", guest("empty"), "exports nothing that the host calls"),
        ("files.wasm", guest("files"), "imports wasi:filesystem/"),
        ("newer.wasm", guest("other-contract"), "@0.9.0, this host offers 0.1.0"),
    ];
    for (name, bytes, expected) in cases {
        let text = refused(name, &bytes);
        assert!(text.starts_with(name) && text.contains(expected), "{name}: {text}");
    }
}

#[test]
fn what_is_not_granted_is_named_with_its_version() {
    let Err(LoadError::UnknownImport { import, .. }) = engine().load("files", &guest("files")) else {
        panic!("not refused for its import")
    };
    assert!(import.starts_with("wasi:filesystem/") && import.contains("@0.2."), "{import}");
}

#[test]
fn a_file_that_is_not_there_is_told_from_one_that_is_no_component() {
    let error = engine().load_file("absent.wasm", &guests().join("absent.wasm")).expect_err("absent");
    assert!(matches!(error, LoadError::Read { .. }), "{error}");
}

#[test]
fn a_component_that_is_too_large_is_not_read() {
    let engine = Engine::new(EngineSettings { component_bytes: 1_000, ..EngineSettings::default() }).expect("engine");
    let error = engine.load_file("echo", &guests().join("echo.wasm")).expect_err("too large");
    assert!(matches!(error, LoadError::TooLarge { limit: 1_000, .. }), "{error}");
}

#[test]
fn a_component_that_starts_with_too_much_memory_is_refused() {
    let engine = Engine::new(EngineSettings { memory_bytes: 1 << 20, ..EngineSettings::default() }).expect("engine");
    let error = engine.load("echo", &guest("echo")).expect_err("too much memory");
    assert!(matches!(error, LoadError::Memory { limit: 0x10_0000, .. }), "{error}");

    let context = limited("echo", Limits { memory_bytes: 1 << 20, ..Limits::default() });
    let error = Generation::new(load("echo"), context).expect_err("too much memory");
    assert!(matches!(error, LoadError::Memory { limit: 0x10_0000, .. }), "{error}");
}

#[test]
fn a_component_is_inspected_without_being_run() {
    let echo = load("echo");
    let exports: Vec<String> = echo.inspection().exports.iter().map(ToString::to_string).collect();
    assert!(exports.contains(&"backplane:provider/machines@0.1.0".to_owned()), "{exports:?}");
    let imports: Vec<String> = echo.inspection().imports.iter().map(|import| import.path()).collect();
    assert!(imports.contains(&"wasi:http/outgoing-handler".to_owned()), "{imports:?}");
    assert!(echo.inspection().memory_bytes >= 1 << 20);
    assert_eq!((echo.size(), echo.digest().len()), (guest("echo").len() as u64, 64));
    assert_eq!(exports_of(&echo), [true, true]);
    assert_eq!(exports_of(&load("rude")), [true, false]);
}

fn exports_of(component: &Component) -> [bool; 2] {
    [Export::Reconciler, Export::Machines].map(|export| component.has(export))
}

#[tokio::test]
async fn a_plugin_says_what_it_is_before_anything_is_granted() {
    let echo = load("echo");
    let declaration = echo.describe().await.expect("declaration");
    assert_eq!((declaration.name.as_str(), declaration.endpoints.as_slice()), ("echo", &["cloud".to_owned()][..]));
    assert_eq!(declaration.reads[0].wakes, [Wake::Owners(kind("Wish"))]);
    let kinds = echo.describe_kinds().await.expect("kinds").expect("a provider");
    assert_eq!((kinds.machine, kinds.provider_id_prefix.as_str()), (kind("EchoMachine"), "echo://"));
    assert_eq!(load("rude").describe_kinds().await.expect("kinds"), None);
}

#[tokio::test]
async fn a_wrong_declaration_is_refused_with_every_mistake() {
    let error = load("misdeclared").describe().await.expect_err("mistakes");
    let DescribeError::Invalid { problems, .. } = &error else { panic!("{error}") };
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(error.to_string().starts_with("misdeclared describes itself wrongly: name \"Not A Label\""), "{error}");
}

#[tokio::test]
async fn a_plugin_that_has_other_types_under_the_same_version_is_refused_when_it_is_asked() {
    let error = load("other-shape").describe().await.expect_err("other types");
    let text = ErrorChain(&error).to_string();
    assert!(text.ends_with("its exports have other types than this host's contract"), "{text}");
}

#[tokio::test]
async fn a_plugin_judges_its_settings() {
    let echo = load("echo");
    assert_eq!(echo.configure(b"{}").await.expect("answer"), Ok(()));
    let refusal = echo.configure(b"[]").await.expect("answer").expect_err("refused");
    assert_eq!(refusal, "the settings are not a JSON object");
}
