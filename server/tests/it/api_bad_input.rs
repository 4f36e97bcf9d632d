//! Sends bad input to every call that takes a body. Each gets an answer, and none fails.

use serde_json::{Value, json};

use crate::support::{Answer, Call, Product, service_key};

/// The calls about keys, and how each wraps a question.
const CALLS: [(&str, &str, &str); 3] = [
    ("/v1/keys/verify", "", ""),
    ("/v1/keys/verify-batch", r#"{"calls":[{"key":"first"},"#, "]}"),
    ("/v2/keys.verifyKey", "", ""),
];

struct Asker {
    product: Product,
    key: String,
}

impl Asker {
    async fn start() -> Self {
        let product = Product::start().await;
        let key = product.verifier().await;
        Self { product, key }
    }

    /// Every call's answer to this question, none of which is a failure of ours.
    async fn everywhere(&self, question: &[u8]) -> [Answer; 3] {
        let mut answers = Vec::new();
        for (path, before, after) in CALLS {
            let body = [before.as_bytes(), question, after.as_bytes()].concat();
            let answer = self.product.send(Call::post(path).bearer(&self.key).json(body)).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.body);
            answers.push(answer);
        }
        answers.try_into().unwrap_or_else(|_| unreachable!())
    }

    /// The status of each, and the code of the verdict where there is one.
    async fn told(&self, question: &Value) -> [(u16, String); 3] {
        let [one, batch, unkey] = self.everywhere(question.to_string().as_bytes()).await;
        let code = |answer: &Answer, verdict: &Value| {
            (answer.status.as_u16(), verdict.as_str().unwrap_or_default().to_owned())
        };
        [
            code(&one, &one.json()["code"]),
            code(&batch, &batch.json()["results"][1]["code"]),
            code(&unkey, &unkey.json()["data"]["code"]),
        ]
    }
}

fn found(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// One answer names them all, whether the parser finds them or only a look at the content.
#[tokio::test]
async fn every_fault_comes_in_one_answer() {
    let asker = Asker::start().await;
    let question = json!({
        "clientIp": "nope", "permissions": "a AND", "kind": "sausage", "method": "G T", "cost": -1, "more": 1,
        "path": "x".repeat(2_001),
    });
    let call = Call::post("/v1/keys/verify").bearer(&asker.key).json(question.to_string());
    let answer = asker.product.send(call).await;
    assert_eq!(answer.status, 422);
    let told = answer.json();
    let mut places: Vec<_> = told["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    places.sort_by_key(ToString::to_string);
    assert_eq!(
        json!(places),
        json!(["/clientIp", "/cost", "/key", "/kind", "/method", "/more", "/path", "/permissions"])
    );
}

#[tokio::test]
async fn what_is_no_key_is_not_found_whatever_it_looks_like() {
    let asker = Asker::start().await;
    let good = asker.product.token(service_key("good")).await;
    let other = asker.product.token(service_key("other")).await;
    assert_eq!(asker.told(&json!({ "key": good })).await, [(); 3].map(|()| found(200, "VALID")));
    let no_key = [found(200, "NOT_FOUND"), found(200, "NOT_FOUND"), found(200, "NOT_FOUND")];
    let (head, last) = good.split_at(good.len() - 1);
    for key in [
        "k".to_owned(),
        "k".repeat(511),
        "k".repeat(512),
        // A wrong checksum.
        format!("{head}{}", if last == "0" { "1" } else { "0" }),
        // A wrong prefix.
        format!("sk{}", &good[2..]),
        // Another key's secret.
        format!("{}{}", &good[..15], &other[15..]),
        // White space around a key is ignored, but not inside, and this is none.
        good.replace("ks_", "ks _"),
        format!("{good}\u{200b}"),
        format!("{good}\u{0}"),
        format!("\u{0}{good}"),
        good.replace("ks_", "ks\u{0}"),
        good.replace("ks_", "кs_"),
        good.replace('_', "＿"),
        format!("{}é", &good[..good.len() - 2]),
        "🔑".repeat(128),
        "' OR 1=1 --".to_owned(),
    ] {
        assert_eq!(asker.told(&json!({ "key": key })).await, no_key, "{key:?}");
    }
    // Unkey takes 1 to 512 characters. For us, these are not keys.
    for key in [String::new(), "k".repeat(513), format!("{good}{}", "0".repeat(600))] {
        let expected = [found(200, "NOT_FOUND"), found(200, "NOT_FOUND"), found(400, "")];
        assert_eq!(asker.told(&json!({ "key": key })).await, expected, "{key:?}");
    }
}

#[tokio::test]
async fn a_megabyte_is_too_long_or_no_key() {
    let asker = Asker::start().await;
    let statuses = asker.told(&json!({ "key": "k".repeat(1_000_000) })).await;
    assert_eq!(statuses, [found(413, ""), found(200, "NOT_FOUND"), found(413, "")]);
    for (path, _, _) in CALLS {
        let body = vec![b' '; 3_000_000];
        let answer = asker.product.send(Call::post(path).bearer(&asker.key).json(body)).await;
        assert_eq!(answer.status, 413, "{path}");
    }
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_an_error_of_its_member() {
    let asker = Asker::start().await;
    let nested = |depth: usize| format!("{}a.b{}", "(".repeat(depth), ")".repeat(depth));
    let open = "(".repeat(1_000);
    for query in [
        nested(1_000),
        nested(65),
        open,
        String::new(),
        " ".to_owned(),
        "(a.b".to_owned(),
        "a.b)".to_owned(),
        "()".to_owned(),
        "a.b c.d".to_owned(),
        "a.b AND OR c.d".to_owned(),
        "a.b\u{0}".to_owned(),
        "é.b".to_owned(),
        format!("a.b{}", " ".repeat(998)),
    ] {
        let [one, batch, unkey] =
            asker.everywhere(json!({ "key": "a", "permissions": query }).to_string().as_bytes()).await;
        assert_eq!(one.problem(422)["errors"][0]["pointer"], "/permissions", "{query}");
        assert_eq!(batch.problem(422)["errors"][0]["pointer"], "/calls/1/permissions", "{query}");
        assert_eq!(unkey.unkey_error(400)["errors"][0]["location"], "body.permissions", "{query}");
        assert!(one.body.len() < 1_000, "{}", one.body);
    }
    for query in [nested(64), format!("a.b{}", " ".repeat(997))] {
        let told = asker.told(&json!({ "key": "a", "permissions": query })).await;
        assert!(told.iter().all(|told| *told == found(200, "NOT_FOUND")), "{query}: {told:?}");
    }
}

#[tokio::test]
async fn what_is_not_json_or_not_of_its_shape_is_said_to_be_so() {
    let asker = Asker::start().await;
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep_object = format!("{}1{}", r#"{"a":"#.repeat(1_000), "}".repeat(1_000));
    for question in [
        b"{\"key\":\"\xff\"}".to_vec(),
        b"{\"key\":\"\xed\xa0\x80\"}".to_vec(),
        b"{\"key\":\"\xc0\x80\"}".to_vec(),
        b"{\"key\":\"\x00\"}".to_vec(),
        b"\xff\xfe{\x00}\x00".to_vec(),
        b"{\"key\":\"\\ud800\"}".to_vec(),
        b"{\"key\":NaN}".to_vec(),
        b"{\"key\":01}".to_vec(),
        b"{\"key\":\"a\",}".to_vec(),
        b"{\"key\":\"a\"".to_vec(),
        b"//\n{}".to_vec(),
        deep(1_000).into_bytes(),
        deep(30_000).into_bytes(),
        format!(r#"{{"key":{}}}"#, deep(1_000)).into_bytes(),
        format!(r#"{{"key":"a","cost":{}}}"#, deep(1_000)).into_bytes(),
        format!(r#"{{"key":"a","more":{}}}"#, deep(1_000)).into_bytes(),
        deep_object.into_bytes(),
    ] {
        for answer in asker.everywhere(&question).await {
            assert_eq!(answer.status, 400, "{question:?}: {}", answer.body);
        }
    }
    for question in [
        "null",
        "true",
        "1",
        "\"a\"",
        "[]",
        "{}",
        r#"{"key":null}"#,
        r#"{"key":1}"#,
        r#"{"key":true}"#,
        r#"["a",null,null,null,null,null,null,null,null]"#,
        r#"{"key":["a"]}"#,
        r#"{"key":{"key":"a"}}"#,
        r#"{"KEY":"a"}"#,
        r#"{"key":"a","":1}"#,
        r#"{"key":"a","__proto__":{}}"#,
        r#"{"key":"a","origin":1}"#,
        r#"{"key":"a","clientIp":["1.2.3.4"]}"#,
        r#"{"key":"a","path":{}}"#,
        r#"{"key":"a","clientIp":"1.2.3.4.5"}"#,
        r#"{"key":"a","clientIp":"١.٢.٣.٤"}"#,
        r#"{"key":"a","key":"a"}"#,
        r#"{"key":"a","more":1e400}"#,
        r#"{"key":1e999}"#,
    ] {
        let [one, batch, unkey] = asker.everywhere(question.as_bytes()).await;
        assert!(!one.problem(422)["errors"].as_array().unwrap().is_empty(), "{question}");
        assert!(!batch.problem(422)["errors"].as_array().unwrap().is_empty(), "{question}");
        assert!(!unkey.unkey_error(400)["errors"].as_array().unwrap().is_empty(), "{question}");
    }
    // Text that is merely strange is text.
    for origin in ["", "null", "\u{0}", "https://\u{202e}", &"o".repeat(10_000)] {
        let told = asker.told(&json!({ "key": "a", "origin": origin })).await;
        assert!(told.iter().all(|told| *told == found(200, "NOT_FOUND")), "{told:?}");
    }
}
