//! The snippets of `docs/proxies` in the proxies that they are for, and requests shaped as the others send them.

mod caddy;
mod haproxy;
mod harness;
mod nginx;
mod scenario;
mod shaped;
