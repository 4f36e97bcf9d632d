//! The Lua action, in the oldest release that Debian still supports: 2.6.

use super::harness::{Asked, Behind};
use super::scenario;
use crate::support::service_key;

const FILES: [(&str, &str); 2] = [
    ("haproxy.cfg", include_str!("../../../../docs/proxies/haproxy.cfg")),
    ("keystead.lua", include_str!("../../../../docs/proxies/keystead.lua")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_haproxy() {
    let behind = Behind::start("haproxy", &["-db", "-f", "haproxy.cfg"], &FILES).await;
    // Its rules compare text: a path that the service may read in another way gets no further.
    let token = behind.product.token(service_key("any")).await;
    for path in ["/x/../invoices/7", "/%69nvoices/7", "//invoices/7", "/x/%2e%2e/invoices/7", "/./invoices/7", "/x/.."]
    {
        let answer = behind.ask(Asked::get(path).bearer(&token)).await;
        assert!([400, 403].contains(&answer.status), "{path}: {answer:?}");
    }
    assert_eq!(behind.ask(Asked::get("/.well-known/x..y").bearer(&token)).await.status, 200);
    scenario::holds(behind, 503).await;
}
