//! Providers over OpenID Connect: the code flow with PKCE.

mod document;
mod http;
mod provider;
pub mod settings;
mod token;

pub use provider::OidcProvider;
