//! Envoy, with `ext_authz` over HTTP.

use super::harness::Behind;
use super::scenario::{self, Down};

pub const ARGUMENTS: [&str; 5] = ["-c", "envoy.yaml", "--use-dynamic-base-id", "--concurrency", "1"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_envoy() {
    let behind = Behind::start("envoy", &ARGUMENTS, &["envoy.yaml"], None).await;
    scenario::holds(behind, Down { stopped: 403, hanging: 403 }).await;
}
