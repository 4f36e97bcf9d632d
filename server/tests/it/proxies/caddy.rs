//! Caddy, with `forward_auth`.

use super::harness::Behind;
use super::scenario;

/// Around the snippet: no port for administration.
const MAIN: &str = "
{
	admin off
	auto_https off
}
import keystead.caddy
";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_caddy() {
    let files = [("Caddyfile", MAIN), ("keystead.caddy", include_str!("../../../../docs/proxies/Caddyfile"))];
    let behind = Behind::start("caddy", &["run", "--config", "Caddyfile", "--adapter", "caddyfile"], &files).await;
    scenario::holds(behind, 502).await;
}
