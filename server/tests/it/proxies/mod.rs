//! The snippets of `docs/proxies`, unchanged, in the proxies that they are for.

mod browsers;
mod caddy;
mod echo;
mod envoy;
mod haproxy;
mod harness;
mod nginx;
mod own_bearer;
mod paths;
mod scenario;
mod snippets;
mod traefik;
mod wire;
