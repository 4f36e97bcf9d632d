//! nginx, with `auth_request`.

use super::harness::Behind;
use super::scenario::{self, Down};

/// Surrounds the snippet, which belongs in `http`: what a distribution's own file says, without root.
pub const MAIN: &str = "
daemon off; master_process off; pid FOLDER/pid; error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path FOLDER/a; proxy_temp_path FOLDER/b; fastcgi_temp_path FOLDER/c;
    uwsgi_temp_path FOLDER/d; scgi_temp_path FOLDER/e;
    include FOLDER/nginx.conf;
}
";

pub const ARGUMENTS: [&str; 6] = ["-e", "stderr", "-p", ".", "-c", "main.conf"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_restriction_holds_behind_nginx() {
    let behind = Behind::start("nginx", &ARGUMENTS, &["nginx.conf"], Some(("main.conf", MAIN))).await;
    scenario::holds(behind, Down { stopped: 500, hanging: 500 }).await;
}
