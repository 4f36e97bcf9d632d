//! The bounds in the document of the API: a call takes as many items and as large a number as it says, and no more.

use serde_json::{Value, json};

use crate::api_docs::document;
use crate::manage_keys::{Manager, pointers};
use crate::support::Call;

/// A member of a new key, as the document describes it.
fn member<'d>(document: &'d Value, name: &str) -> &'d Value {
    let property = &document["components"]["schemas"]["NewKeyBody"]["properties"][name];
    let either = property["oneOf"].as_array().unwrap();
    let reference = either.iter().find_map(|schema| schema["$ref"].as_str()).unwrap();
    document.pointer(&reference[1..]).unwrap()
}

fn with(kind: &str, name: &str, value: Value) -> Value {
    let mut body = json!({ "kind": kind, "name": name });
    body[name] = value;
    body
}

#[tokio::test]
async fn a_list_takes_as_many_items_as_the_document_says() {
    let m = Manager::start().await;
    let document = document(&m.product).await;
    let item = |name: &str, n: u64| match name {
        "permissions" => format!("invoices.p{n}"),
        "cidrs" | "deniedCidrs" => format!("10.0.{n}.0/24"),
        "domains" => format!("d{n}.example.com"),
        "limits" => format!("l{n}: 5 per {}s", n + 10),
        _ => format!("t{n}"),
    };
    for name in ["permissions", "cidrs", "deniedCidrs", "domains", "limits", "tags"] {
        let most = member(&document, name)["maxItems"].as_u64().unwrap();
        let items = |count: u64| (0..count).map(|n| item(name, n)).collect::<Vec<_>>();
        let made = m.issue(&with("service", name, items(most).into())).await;
        let kept = made["key"][name].as_array().unwrap().len();
        assert_eq!(u64::try_from(kept).unwrap(), most, "{name}");
        let more = m.post("/v1/keys", &with("service", name, items(most + 1).into())).await;
        assert_eq!(pointers(&more), [format!("/{name}")]);
    }
    // Nobody has so many contacts here, so that only the count is looked at.
    let most = member(&document, "actsFor")["maxItems"].as_u64().unwrap();
    let more = vec!["a"; usize::try_from(most).unwrap() + 1];
    let more = m.post("/v1/keys", &with("master_user", "actsFor", more.into())).await;
    assert_eq!(pointers(&more), ["/actsFor"]);
    // As text, since members behind a long list are not looked at.
    let ids = vec![r#""7Qm2xVbN4tRa""#; 10_001].join(",");
    let more = m.call(Call::post("/v1/keys/acts").json(format!(r#"{{"ids":[{ids}],"act":"disable"}}"#))).await;
    assert_eq!(pointers(&more), ["/ids"]);
}

#[tokio::test]
async fn a_number_is_within_the_bounds_that_the_document_says() {
    let m = Manager::start().await;
    let document = document(&m.product).await;
    for name in ["quota", "rotateDays"] {
        let number = member(&document, name);
        let (least, most) = (number["minimum"].as_u64().unwrap(), number["maximum"].as_u64().unwrap());
        for right in [least, most] {
            assert_eq!(m.issue(&with("service", name, right.into())).await["key"][name], right);
        }
        for wrong in [least - 1, most + 1] {
            let answer = m.post("/v1/keys", &with("service", name, wrong.into())).await;
            assert_eq!(pointers(&answer), [format!("/{name}")], "{wrong}");
        }
    }
    let days = &document["components"]["schemas"]["GraceDays"];
    assert_eq!((&days["minimum"], &days["maximum"]), (&0.into(), &90.into()));
}
