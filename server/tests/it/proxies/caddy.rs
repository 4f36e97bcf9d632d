//! Caddy, with `forward_auth`.

use super::harness::Behind;
use super::scenario::{self, Down};

/// Around the snippet: no port for administration.
const MAIN: &str = "
{
	admin off
	auto_https off
}
import Caddyfile
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_caddy() {
    let main = Some(("main.caddy", MAIN));
    let arguments = ["run", "--config", "main.caddy", "--adapter", "caddyfile"];
    let behind = Behind::start("caddy", &arguments, &["Caddyfile"], main).await;
    scenario::holds(behind, Down { stopped: 502, hanging: 504 }).await;
}
