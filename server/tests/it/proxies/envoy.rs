//! Envoy, with `ext_authz` over HTTP.

use super::harness::Behind;
use super::scenario::{self, Down};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_envoy() {
    let arguments = ["-c", "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1"];
    let behind = Behind::start("envoy", &arguments, &["envoy.yaml"], None).await;
    scenario::holds(behind, Down { stopped: 403, hanging: 403 }).await;
}
