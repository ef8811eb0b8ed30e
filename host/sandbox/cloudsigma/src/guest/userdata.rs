//! cloud-init: from a server's `meta` to the file that `kubeadm join` is told to read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Machine;

/// Name of the meta key that holds the user data.
const KEY: &str = "cloudinit-user-data";

/// Why the user data does not lead to a join. Never shows what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadData {
    #[error("no user data in the server's meta (key {KEY})")]
    Missing,
    #[error("user data is not valid base64")]
    Base64,
    #[error("user data is not text")]
    Text,
    #[error("user data is not a cloud-config")]
    Format,
    #[error("user data is not valid YAML")]
    Yaml,
    #[error("write_files: {path}: {problem}")]
    File { path: String, problem: &'static str },
    #[error("runcmd: no command runs kubeadm join --config")]
    NoJoin,
    #[error("kubeadm: unable to read config from {0}: no such file")]
    NoFile(String),
    #[error("join configuration: {0}")]
    Join(String),
}

/// A file that `write_files` has written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct File {
    path: String,
    content: String,
}

/// Content of the file that the user data tells `kubeadm join` to read.
pub(crate) fn join_file(machine: &Machine) -> Result<String, BadData> {
    let text = fill_in(&decoded(machine)?, machine);
    let config = cloud_config(&text)?;
    let files = files(&config)?;
    let path = join_path(&config).ok_or(BadData::NoJoin)?;
    files.into_iter().find(|file| file.path == path).map(|file| file.content).ok_or(BadData::NoFile(path))
}

fn decoded(machine: &Machine) -> Result<String, BadData> {
    let value = machine.meta.get(KEY).and_then(Value::as_str).filter(|value| !value.trim().is_empty());
    let value = value.ok_or(BadData::Missing)?;
    let encoded = machine.meta.get("base64_fields").and_then(Value::as_str).unwrap_or_default();
    if !encoded.split(',').any(|name| name.trim() == KEY) {
        return Ok(value.to_owned());
    }
    base64(value)
}

fn base64(value: &str) -> Result<String, BadData> {
    let compact: String = value.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(compact).map_err(|_| BadData::Base64)?;
    String::from_utf8(bytes).map_err(|_| BadData::Text)
}

/// Replaces the placeholders that the image's bootstrap service knows; leaves others alone.
fn fill_in(text: &str, machine: &Machine) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, behind)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            break;
        };
        match name.trim() {
            "ds.meta_data.instance_id" | "v1.instance_id" | "instance_id" => filled.push_str(&machine.uuid),
            "ds.meta_data.local_hostname" | "v1.local_hostname" | "local_hostname" => filled.push_str(&machine.name),
            _ => filled.extend(["{{", name, "}}"]),
        }
        rest = behind;
    }
    filled + rest
}

fn cloud_config(text: &str) -> Result<Value, BadData> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("## template:"));
    let first = first.ok_or(BadData::Missing)?;
    let other_format = first.starts_with("#!") || first.starts_with("#include") || first.starts_with("Content-Type:");
    if other_format {
        return Err(BadData::Format);
    }
    let value: Value = serde_saphyr::from_str(text).map_err(|_| BadData::Yaml)?;
    if value.is_object() { Ok(value) } else { Err(BadData::Format) }
}

/// The files as they are when all entries are written: a later entry replaces an earlier one, or is appended to it.
fn files(config: &Value) -> Result<Vec<File>, BadData> {
    let mut files: Vec<File> = Vec::new();
    for entry in config["write_files"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let file = file(entry)?;
        match files.iter_mut().find(|known| known.path == file.path) {
            Some(known) if entry["append"] == true => known.content.push_str(&file.content),
            Some(known) => *known = file,
            None => files.push(file),
        }
    }
    Ok(files)
}

fn file(entry: &Value) -> Result<File, BadData> {
    let path = text(&entry["path"]);
    let bad = |problem| BadData::File { path: path.clone(), problem };
    if !path.starts_with('/') {
        return Err(bad("the path is not absolute"));
    }
    if !entry["permissions"].is_null() && u32::from_str_radix(&text(&entry["permissions"]), 8).is_err() {
        return Err(bad("the permissions are not octal"));
    }
    let content = text(&entry["content"]);
    let content = match text(&entry["encoding"]).as_str() {
        "" | "text/plain" => content,
        "b64" | "base64" => base64(&content).map_err(|_| bad("the content is not valid base64 text"))?,
        _ => return Err(bad("the encoding is not supported")),
    };
    Ok(File { path, content })
}

/// A scalar as text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The file named by the first command that runs `kubeadm join --config`.
fn join_path(config: &Value) -> Option<String> {
    let commands = config["runcmd"].as_array()?;
    commands.iter().find_map(|command| {
        let line = match command {
            Value::Array(words) => words.iter().map(text).collect::<Vec<_>>().join(" "),
            other => text(other),
        };
        line.split(['\n', ';', '|', '&']).find_map(joins)
    })
}

fn joins(command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let wrappers = ["sudo", "exec", "sh", "bash", "/bin/sh", "/bin/bash", "-c", "-l", "-lc", "env", "("];
    let start = words.iter().position(|word| !wrappers.contains(word) && !word.contains('='))?;
    let (program, arguments) = words.get(start..)?.split_first()?;
    if program.rsplit('/').next() != Some("kubeadm") || !arguments.contains(&"join") {
        return None;
    }
    let joined = arguments.iter().find_map(|word| word.strip_prefix("--config="));
    let apart = arguments.iter().skip_while(|word| **word != "--config").nth(1).copied();
    joined.or(apart).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    const GOOD: &str = "#cloud-config\nwrite_files:\n- path: /run/kubeadm/join.yaml\n  owner: root:root\n  \
                        permissions: '0640'\n  content: |\n    name: {{ ds.meta_data.local_hostname }}\n    \
                        id: {{ds.meta_data.instance_id}}\nruncmd:\n- echo hello\n\
                        - kubeadm join --config /run/kubeadm/join.yaml && echo done > /run/ok\n";

    pub(crate) fn machine(meta: Value) -> Machine {
        let meta = meta.as_object().cloned().unwrap_or_else(Map::new);
        Machine {
            uuid: "u-1".to_owned(),
            name: "pool-a-1".to_owned(),
            cores: 2,
            memory: 4 << 30,
            meta,
            addresses: Vec::new(),
            boot_drive: Some("d-1".to_owned()),
            image: Some("image".to_owned()),
            kubernetes_version: Some("v1.34.0".to_owned()),
        }
    }

    fn encoded(text: &str) -> Machine {
        machine(json!({ "base64_fields": "other, cloudinit-user-data", KEY: STANDARD.encode(text) }))
    }

    #[test]
    fn the_join_file_is_found_with_its_placeholders_filled_in() {
        assert_eq!(join_file(&encoded(GOOD)).unwrap(), "name: pool-a-1\nid: u-1\n");
    }

    #[test]
    fn the_header_is_optional_and_so_is_the_encoding() {
        let cases = [
            ("no header", GOOD.trim_start_matches("#cloud-config\n").to_owned()),
            ("jinja header", format!("## template: jinja\n{GOOD}")),
            (
                "list command",
                GOOD.replace("- kubeadm join", "- [sh, -c, 'kubeadm join").replace("/run/ok", "/run/ok']"),
            ),
            ("equals sign", GOOD.replace("--config ", "--config=")),
            ("full path", GOOD.replace("kubeadm join", "sudo /usr/bin/kubeadm -v 5 join")),
        ];
        for (name, text) in cases {
            assert!(join_file(&encoded(&text)).is_ok(), "{name}");
            assert!(join_file(&machine(json!({ KEY: text }))).is_ok(), "{name}, not encoded");
        }
    }

    #[test]
    fn encoded_files_are_decoded() {
        let content = STANDARD.encode("kind: JoinConfiguration\n");
        let text = format!(
            "write_files:\n- {{path: /j, encoding: b64, content: {content}}}\nruncmd:\n- [kubeadm, join, --config, /j]\n"
        );
        assert_eq!(join_file(&encoded(&text)).unwrap(), "kind: JoinConfiguration\n");
    }

    #[test]
    fn wrong_data_says_what_is_wrong_with_it() {
        let path = |text: &str| GOOD.replace("path: /run/kubeadm/join.yaml", text);
        let cases = [
            ("nothing", machine(json!({})), BadData::Missing),
            ("not base64", machine(json!({ "base64_fields": KEY, KEY: "%%%" })), BadData::Base64),
            ("encoded but not said to be", machine(json!({ KEY: STANDARD.encode(GOOD) })), BadData::Format),
            ("script", encoded("#!/bin/sh\nkubeadm join"), BadData::Format),
            ("not YAML", encoded("#cloud-config\nwrite_files: [\n"), BadData::Yaml),
            ("no command", encoded(&GOOD.replace("kubeadm join", "echo kubeadm join")), BadData::NoJoin),
            ("other file", encoded(&path("path: /else")), BadData::NoFile("/run/kubeadm/join.yaml".to_owned())),
        ];
        for (name, machine, expected) in cases {
            assert_eq!(join_file(&machine), Err(expected), "{name}");
        }
    }

    #[test]
    fn a_later_entry_replaces_a_file_or_is_appended_to_it() {
        let twice = "write_files:\n- {path: /j, content: first}\n- {path: /j, content: second}\nruncmd:\n- kubeadm join --config /j\n";
        assert_eq!(join_file(&encoded(twice)).unwrap(), "second");
        let appended = twice.replace("content: second", "content: second, append: true");
        assert_eq!(join_file(&encoded(&appended)).unwrap(), "firstsecond");
    }
}
