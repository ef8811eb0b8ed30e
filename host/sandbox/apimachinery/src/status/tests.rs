use super::*;

#[test]
fn every_answer_reads_as_the_api_server_writes_it() {
    let denial = Denial { user: "u", verb: "get", resource: "secrets", namespace: Some("a"), ..Denial::default() };
    let wide = Denial { group: "g.io", resource: "things", subresource: Some("status"), namespace: None, ..denial };
    let one = [FieldError::required("spec.x", "")];
    let two = [FieldError::required("spec.x", ""), FieldError::forbidden("spec.y", "no")];
    let cases = [
        (Status::not_found("g.io", "things", "x"), 404, "things.g.io \"x\" not found"),
        (Status::already_exists("", "pods", "x"), 409, "pods \"x\" already exists"),
        (
            Status::modified("", "pods", "x"),
            409,
            "Operation cannot be fulfilled on pods \"x\": the object has been modified; please apply your changes to the latest version and try again",
        ),
        (Status::invalid("g.io", "Thing", "x", &one), 422, "Thing.g.io \"x\" is invalid: spec.x: Required value"),
        (
            Status::invalid("", "Pod", "x", &two),
            422,
            "Pod \"x\" is invalid: [spec.x: Required value, spec.y: Forbidden: no]",
        ),
        (
            Status::forbidden(&denial),
            403,
            "secrets is forbidden: User \"u\" cannot get resource \"secrets\" in API group \"\" in the namespace \"a\"",
        ),
        (
            Status::forbidden(&Denial { name: Some("s"), ..denial }),
            403,
            "secrets \"s\" is forbidden: User \"u\" cannot get resource \"secrets\" in API group \"\" in the namespace \"a\"",
        ),
        (
            Status::forbidden(&wide),
            403,
            "things.g.io is forbidden: User \"u\" cannot get resource \"things/status\" in API group \"g.io\" at the cluster scope",
        ),
        (Status::forbidden_path("u", "get", "/x"), 403, "forbidden: User \"u\" cannot get path \"/x\""),
        (
            Status::strict_decoding(
                "Thing",
                "v1",
                &["unknown field \"spec.a\"".into(), "unknown field \"spec.b\"".into()],
            ),
            400,
            "Thing in version \"v1\" cannot be handled as a Thing: strict decoding error: unknown field \"spec.a\", unknown field \"spec.b\"",
        ),
        (Status::unprocessable(), 422, "the server rejected our request due to an error in our request"),
        (Status::too_old(1, 5), 410, "too old resource version: 1 (5)"),
        (Status::version_too_large(9, 5), 504, "Timeout: Too large resource version: 9, current: 5"),
        (Status::unauthorized(), 401, "Unauthorized"),
    ];
    for (status, code, message) in cases {
        assert_eq!((status.code(), status.message()), (code, message));
        assert_eq!(status.to_value()["code"], code);
    }
}

#[test]
fn every_field_error_becomes_a_cause() {
    let errors = [FieldError::required("spec.x", "")];
    let value = Status::invalid("g.io", "Thing", "x", &errors).to_value();
    let expected = json!({
        "name": "x", "group": "g.io", "kind": "Thing",
        "causes": [{"reason": "FieldValueRequired", "message": "Required value", "field": "spec.x"}],
    });
    assert_eq!(value["details"], expected);
    assert_eq!(value["reason"], "Invalid");
}
