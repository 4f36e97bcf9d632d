//! A service that has an `Authorization: Bearer …` of its own, beside the key in `X-API-Key`.

use super::harness::Behind;
use super::scenario::{passes, refused};
use super::wire::Asked;
use super::{envoy, nginx};
use crate::support::service_key;

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln";

async fn the_services_own_passes_beside_the_key(behind: Behind) {
    let token = behind.product.token(service_key("key")).await;
    let answer = passes(&behind, Asked::get("/things").header("X-API-Key", &token).bearer(JWT)).await;
    assert_eq!(answer.told("Authorization"), format!("Bearer {JWT}"));
    assert_eq!(answer.told("X-Key-Name"), "key");
    passes(&behind, Asked::get("/things").header("X-API-Key", &token)).await;
    refused(&behind, Asked::get("/things").bearer(&token), 401).await;
    refused(&behind, Asked::get("/things").header("X-API-Key", JWT).bearer(&token), 401).await;
    refused(&behind, Asked::get("/things").bearer(JWT).header("X-Keystead-From", "authorization"), 401).await;
}

/// An option in the query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_where_nginx_says() {
    let edit = (r#"set $keystead_asks "";"#, r#"set $keystead_asks "from=x-api-key";"#);
    let main = Some(("main.conf", nginx::MAIN));
    let behind = Behind::edited("nginx", &nginx::ARGUMENTS, &["nginx.conf"], main, edit).await;
    the_services_own_passes_beside_the_key(behind).await;
}

/// An option as a header.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_where_envoy_says() {
    let filter = "                  - name: envoy.filters.http.ext_authz\n";
    let from = "                          - append: { header: { key: x-keystead-from, value: x-api-key } }\n";
    let edit = (filter, &*format!("{from}{filter}"));
    let behind = Behind::edited("envoy", &envoy::ARGUMENTS, &["envoy.yaml"], None, edit).await;
    the_services_own_passes_beside_the_key(behind).await;
}
