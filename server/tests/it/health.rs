//! What a load balancer asks.

use domain::release::GENERATION;

use crate::support::{Call, Product};

#[tokio::test]
async fn alive_and_ready_until_the_store_is_gone_or_the_server_stops() {
    let product = Product::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = product.send(Call::get(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(product.send(Call::post(path)).await.status, 405, "{path}");
    }
    product.shutdown.cancel();
    assert_eq!(product.send(Call::get("/readyz")).await.status, 503);
    assert_eq!(product.send(Call::get("/healthz")).await.status, 200);

    let product = Product::start().await;
    product.store.close().await;
    let answer = product.send(Call::get("/readyz")).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (503, "the database cannot be read\n"));
    assert_eq!(product.send(Call::get("/healthz")).await.status, 200);
}

#[tokio::test]
async fn where_a_newer_release_has_taken_over_it_says_so_and_serves_nothing() {
    let product = Product::start().await;
    let (verifier, session) = (product.verifier().await, product.sign_in().await);
    product.store.write(async |tx| tx.put_setting("least_generation", "4000000000").await).await.unwrap();
    let answer = product.send(Call::get("/readyz")).await;
    let said = format!(
        "a newer Keystead (least generation 4000000000) has taken over this database; this one is {GENERATION}: update it\n"
    );
    assert_eq!((answer.status.as_u16(), answer.body), (503, said));
    let call = Call::post("/v1/keys/verify").bearer(&verifier).json(r#"{"key":"a"}"#);
    product.send(call).await.problem(503);
    assert_eq!(product.send(Call::get("/keys").cookie(&session)).await.status, 503);
    assert_eq!(product.send(Call::get("/healthz")).await.status, 200, "a restart would not help");
}

#[tokio::test]
async fn without_its_store_the_api_refuses_to_decide_and_the_console_says_so() {
    let product = Product::start().await;
    let (verifier, session) = (product.verifier().await, product.sign_in().await);
    product.store.close().await;
    let call = Call::post("/v1/keys/verify").bearer(&verifier).json(r#"{"key":"a"}"#);
    let answer = product.send(call).await;
    answer.problem(503);
    assert_eq!(answer.header("retry-after"), "1");
    let answer = product.send(Call::get("/keys").cookie(&session)).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("database"), "{}", answer.body);
    let form = "email=owner%40example.com&password=a+long+password";
    let answer = product.send(Call::post("/login").same_origin().form(form)).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, "2"));
}
