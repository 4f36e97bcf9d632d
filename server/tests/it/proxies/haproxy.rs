//! The Lua action, in the oldest release that Debian still supports: 2.6.

use super::harness::Behind;
use super::scenario::{self, Down};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_haproxy() {
    let docs = ["haproxy.cfg", "keystead.lua"];
    let behind = Behind::start("haproxy", &["-db", "-f", "haproxy.cfg"], &docs, None).await;
    scenario::holds(behind, Down { stopped: 503, hanging: 503 }).await;
}
