use serde_json::json;

use super::*;

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn int(field: u64, number: i64) -> Vec<u8> {
    [varint(field << 3), varint(number.cast_unsigned())].concat()
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let type_meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), bytes(1, &type_meta), bytes(2, raw)].concat()
}

fn metadata(name: &str) -> Vec<u8> {
    // A new object has an empty creation time.
    bytes(1, &[bytes(1, name.as_bytes()), bytes(8, &[])].concat())
}

#[test]
fn a_secret_keeps_its_bytes_and_a_map_its_keys() {
    let entry = [bytes(1, b"password"), bytes(2, &[0, 255])].concat();
    let secret = [metadata("s"), bytes(2, &entry), bytes(3, b"Opaque")].concat();
    let object = object(&Table::new(), &envelope("v1", "Secret", &secret)).unwrap();
    let expected = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
        "data": {"password": "AP8="}, "type": "Opaque"});
    assert_eq!(object, expected);
}

#[test]
fn zero_replicas_are_kept_and_zero_counts_are_not() {
    let spec = [int(1, 0), int(5, 0)].concat();
    let deployment = [metadata("d"), bytes(2, &spec)].concat();
    let object = object(&Table::new(), &envelope("apps/v1", "Deployment", &deployment)).unwrap();
    assert_eq!(object["spec"], json!({"replicas": 0}));
}

#[test]
fn inlined_parts_numbers_or_names_and_times_read_as_in_json() {
    let port = bytes(2, &[int(1, 1), int(2, 0), bytes(3, b"http")].concat());
    let probe = bytes(1, &bytes(2, &[bytes(1, b"/x"), port].concat()));
    let container = [bytes(1, b"c"), bytes(10, &probe)].concat();
    let pod = [metadata("p"), bytes(2, &bytes(2, &container))].concat();
    let pod = object(&Table::new(), &envelope("v1", "Pod", &pod)).unwrap();
    assert_eq!(pod["spec"]["containers"][0]["livenessProbe"], json!({"httpGet": {"path": "/x", "port": "http"}}));
    let spec = bytes(2, &[bytes(1, b"me"), bytes(4, &[int(1, 1), int(2, 1000)].concat())].concat());
    let lease = object(&Table::new(), &envelope("coordination.k8s.io/v1", "Lease", &spec)).unwrap();
    assert_eq!(lease["spec"], json!({"holderIdentity": "me", "renewTime": "1970-01-01T00:00:01.000001Z"}));
}

#[test]
fn what_cannot_be_read_is_refused() {
    let table = Table::new();
    let cases = [
        ("no magic", b"xyz".to_vec()),
        ("cut", envelope("v1", "Secret", &[0x0a, 0x05, 0x01])),
        ("unknown kind", envelope("demo.example.org/v1", "Website", &[])),
        ("wrong wire type", envelope("v1", "Secret", &int(1, 5))),
    ];
    for (name, body) in cases {
        assert_eq!(object(&table, &body).map_err(|status| status.code()), Err(400), "{name}");
    }
}

#[test]
fn the_table_names_no_message_that_it_does_not_have() {
    let table = Table::new();
    assert!(table.messages().count() > 1000);
    assert!(table.messages().all(|field| !field.type_.dangles(&table)));
}
