//! Traefik, with `ForwardAuth`.

use super::harness::Behind;
use super::scenario::{self, Down};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_traefik() {
    let docs = ["traefik.yml", "traefik-static.yml"];
    let behind = Behind::start("traefik", &["--configfile=traefik-static.yml"], &docs, None).await;
    scenario::holds(behind, Down { stopped: 502, hanging: 504 }).await;
}
