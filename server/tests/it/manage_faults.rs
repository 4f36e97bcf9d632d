//! A body that is wrong in several places is answered with all of them, whatever hides the others from its parser.

use serde_json::json;

use crate::manage_keys::{Manager, pointers};
use crate::support::Call;

#[tokio::test]
async fn every_fault_of_a_body_has_its_pointer() {
    let m = Manager::start().await;
    let key = m.issue(&json!({ "kind": "service", "name": "Edited" })).await["key"]["id"].clone();
    let (key, person) = (format!("/v1/keys/{}", key.as_str().unwrap()), "/v1/people/0123456789abcdef01234567");
    let (keys, person_keys) = (&format!("{person}/keys"), &format!("{person}/apps"));
    let (rotate, extend) = (&format!("{key}/rotate"), &format!("{key}/rotation/extend"));
    for (call, body, wrong) in [
        // An unknown or missing kind hides nothing.
        ("POST /v1/keys", r#"{"kind":"nope","name":"","permissions":["!!"]}"#, "/kind /name /permissions/0"),
        ("POST /v1/keys", r#"{"kind":"nope"}"#, "/name /kind"),
        ("POST /v1/keys", r#"{"permissions":["keystead.verify","a.b","!!"]}"#, "/kind /name /permissions/2"),
        ("POST /v1/keys", r#"{"kind":"nope","name":"A","actsFor":["x"],"cidrs":["x"]}"#, "/kind /cidrs/0 /actsFor/0"),
        // Nor does a member of a wrong type, one that is unknown or repeated, or an item of a wrong type.
        ("POST /v1/keys", r#"{"kind":5,"name":"","limits":["often"]}"#, "/kind /name /limits/0"),
        ("POST /v1/keys", r#"{"kind":"service","name":null,"nme":"A","tags":["a\u0007b"]}"#, "/name /nme /tags/0"),
        ("POST /v1/keys", r#"{"kind":"service","kind":"x","name":""}"#, "/kind /name"),
        ("POST /v1/keys", r#"{"kind":"service","name":"A","permissions":[1,"!!"]}"#, "/permissions/0 /permissions/1"),
        ("POST /v1/keys", r#"{"kind":"service","name":"","quota":"9","quotaRefill":"daily"}"#, "/quota /name"),
        (
            "POST /v1/keys",
            r#"{"kind":"service","name":"","metadata":{"a":1,"b=":"c"}}"#,
            "/metadata/a /metadata/b= /name",
        ),
        ("POST /v1/keys", "[]", ""),
        (&format!("PATCH {key}"), r#"{"name":5,"cidrs":["x"],"actsFor":["x"]}"#, "/name /cidrs/0 /actsFor/0"),
        // Nor does a number that is too large, nor what the kind of the key does not have.
        ("POST /v1/keys", r#"{"kind":"service","name":"","quota":1e400,"nme":-1e999}"#, "/quota /nme /name"),
        (
            "POST /v1/keys",
            r#"{"kind":"master_user","name":"","quota":5,"integration":"x","rotateDays":9}"#,
            "/quota /rotateDays /integration /name",
        ),
        (
            "POST /v1/keys",
            r#"{"kind":"service","name":"A","limits":["a: x","b: 1 per minute","b: 2 per minute"]}"#,
            "/limits/0 /limits",
        ),
        (&format!("PATCH {key}"), r#"{"name":"","actsFor":["x"],"cidrs":["x"]}"#, "/actsFor /name /cidrs/0"),
        (
            &format!("PATCH {key}"),
            r#"{"name":"","notBefore":"2030-01-01","expiresAt":"2029-01-01"}"#,
            "/name /expiresAt",
        ),
        (&format!("PATCH {key}"), r#"{"name":"","expiresAt":"2020-01-01"}"#, "/name /expiresAt"),
        // Each place is named once.
        ("POST /v1/keys", r#"{"kind":"service","name":"A","name":"","name":5,"b":1,"b":1}"#, "/name /name /b"),
        (
            &format!("PATCH {key}"),
            r#"{"nme":"A","quotaRefill":"often","rotateDays":0}"#,
            "/nme /rotateDays /quotaRefill",
        ),
        (
            &format!("POST {rotate}"),
            r#"{"overlp":"1h","overlap":"x","handOver":{"email":"x"}}"#,
            "/overlp /handOver/recipient /overlap /handOver/email",
        ),
        (&format!("POST {extend}"), r#"{"overlp":"1h","overlap":"x"}"#, "/overlp /overlap"),
        (&format!("POST {key}/revoke"), r#"{"reason":"x","note":"a\u0007b"}"#, "/reason /note"),
        (&format!("POST {key}/revoke"), r#"{"reason":1,"note":"a\u0007b"}"#, "/reason /note"),
        ("POST /v1/keys/acts", r#"{"ids":["x"],"note":"a\u0007b","tag":""}"#, "/act /ids/0 /note /tag"),
        ("POST /v1/keys/acts", r#"{"act":"disable","ids":["x"],"filter":5}"#, "/filter /ids/0"),
        ("POST /v1/keys", r#"{"kind":"client","name":"","quotaRefill":"daily"}"#, "/quotaRefill /name"),
        ("POST /v1/keys/acts", r#"{"act":"nope","ids":[],"owner":""}"#, "/ids /act /owner"),
        ("POST /v1/keys/acts", r#"{"act":"revoke","ids":5,"reason":"x","note":"a\u0007b"}"#, "/ids /reason /note"),
        ("POST /v1/hand-overs", r#"{"key":{"name":""},"email":"x"}"#, "/recipient /key/kind /email /key/name"),
        ("POST /v1/hand-overs", r#"{"key":5,"recipient":"","linkLife":"x"}"#, "/key /recipient /linkLife"),
        ("POST /v1/apps", r#"{"nme":"A","name":""}"#, "/nme /name"),
        ("POST /v1/invites", r#"{"email":"x","role":"x","accessEndsAt":"x"}"#, "/firstName /email /role /accessEndsAt"),
        (
            "POST /v1/invites",
            r#"{"firstName":"","email":5,"role":"guest","keys":[{"key":"x"}]}"#,
            "/email /keys/0/key /firstName",
        ),
        (&format!("PATCH {person}"), r#"{"rle":"x","role":"x"}"#, "/rle /role"),
        (
            &format!("PUT {keys}"),
            r#"{"keys":[{"key":5},{"key":"x"}],"accessEndsAt":"x"}"#,
            "/keys/0/key /keys/1/key /accessEndsAt",
        ),
        (&format!("PUT {person_keys}"), r#"{"apps":[5,"x"]}"#, "/apps/0 /apps/1"),
        (
            "PATCH /v1/settings",
            r#"{"graceDays":"x","defaultLife":"x","approvalPermissions":[""]}"#,
            "/graceDays /approvalPermissions/0 /defaultLife",
        ),
        (
            "PATCH /v1/settings",
            r#"{"approvalPermissions":[""],"factorPolicy":"x","approvalKinds":["x"]}"#,
            "/approvalPermissions/0 /factorPolicy /approvalKinds/0",
        ),
        ("POST /v1/requests/7Qm2xVbN4tRa/decline", r#"{"nte":"x","note":"a\u0007b"}"#, "/nte /note"),
    ] {
        let (method, path) = call.split_once(' ').unwrap();
        let answer = m.call(Call::new(method, path).json(body)).await;
        assert_eq!(pointers(&answer).join(" "), wrong, "{call} {body}");
    }
}

#[tokio::test]
async fn every_fault_of_a_question_has_its_pointer() {
    let m = Manager::start().await;
    for (path, body, wrong) in [
        ("/v1/keys/verify", r#"{"clientIp":"x","cost":-1,"kind":"x"}"#, "/key /clientIp /cost /kind"),
        (
            "/v1/keys/verify-batch",
            r#"{"calls":[{"key":5,"permissions":"a AND"},{}]}"#,
            "/calls/0/key /calls/0/permissions /calls/1/key",
        ),
    ] {
        let answer = m.call(Call::post(path).json(body)).await;
        assert_eq!(pointers(&answer).join(" "), wrong, "{body}");
    }
}
