//! What a provider says of itself: its addresses, its keys, and how it signs.

use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde::Deserialize;

use super::http::Client;

/// The document at `/.well-known/openid-configuration`, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Document {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub userinfo_endpoint: Option<String>,
    pub jwks_uri: String,
    #[serde(default)]
    id_token_signing_alg_values_supported: Vec<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether each answer names the issuer (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl Document {
    /// Where it is.
    pub fn address(issuer: &str) -> String {
        format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
    }

    /// Reads it, and refuses what cannot be used. The error says what is wrong.
    pub fn read(bytes: &[u8], issuer: &str, client: &Client) -> Result<Self, String> {
        let document: Self = serde_json::from_slice(bytes)
            .map_err(|error| format!("what it says of itself cannot be read, at line {}", error.line()))?;
        // Otherwise one provider could answer for another.
        if document.issuer != issuer {
            return Err("it calls itself otherwise than the configuration does".to_owned());
        }
        let addresses = [&document.authorization_endpoint, &document.token_endpoint, &document.jwks_uri];
        if !addresses.into_iter().chain(&document.userinfo_endpoint).all(|address| client.may_ask(address)) {
            return Err("one of its addresses is not HTTPS".to_owned());
        }
        if document.algorithms().is_empty() {
            return Err("it signs in no way that Keystead knows".to_owned());
        }
        Ok(document)
    }

    /// How it signs. Never without a signature, nor with a shared secret: its keys are public.
    pub fn algorithms(&self) -> Vec<CoreJwsSigningAlgorithm> {
        self.id_token_signing_alg_values_supported.iter().filter_map(|name| algorithm(name)).collect()
    }

    /// Whether it takes the secret in the form instead of the header.
    pub fn takes_secret_in_form(&self) -> bool {
        let Some(methods) = &self.token_endpoint_auth_methods_supported else { return false };
        let takes = |method: &str| methods.iter().any(|known| known == method);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

fn algorithm(name: &str) -> Option<CoreJwsSigningAlgorithm> {
    Some(match name {
        "RS256" => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        "RS384" => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
        "RS512" => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
        "PS256" => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        "PS384" => CoreJwsSigningAlgorithm::RsaSsaPssSha384,
        "PS512" => CoreJwsSigningAlgorithm::RsaSsaPssSha512,
        "ES256" => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        "ES384" => CoreJwsSigningAlgorithm::EcdsaP384Sha384,
        "EdDSA" => CoreJwsSigningAlgorithm::EdDsa,
        _ => return None,
    })
}

/// The keys that it signs with.
pub(super) fn read_keys(bytes: &[u8]) -> Result<CoreJsonWebKeySet, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("its keys cannot be read, at line {}", error.line()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(changes: &[(&str, serde_json::Value)]) -> Result<Document, String> {
        let mut document = serde_json::json!({
            "issuer": "https://login.example.com",
            "authorization_endpoint": "https://login.example.com/authorize",
            "token_endpoint": "https://token.example.net/token",
            "jwks_uri": "https://login.example.com/keys",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "ES256K"],
        });
        for (name, value) in changes {
            document[*name] = value.clone();
        }
        let client = Client::of("https://login.example.com").unwrap();
        Document::read(document.to_string().as_bytes(), "https://login.example.com", &client)
    }

    #[test]
    fn only_signatures_of_public_keys_count() {
        assert_eq!(read(&[]).unwrap().algorithms(), [CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256]);
        for names in [&["none"][..], &["HS256", "HS512"], &[]] {
            assert!(read(&[("id_token_signing_alg_values_supported", names.into())]).is_err(), "{names:?}");
        }
    }

    #[test]
    fn a_document_of_another_or_with_other_addresses_is_refused() {
        for (name, value) in [
            ("issuer", "https://login.example.com/"),
            ("issuer", "https://evil.example"),
            ("authorization_endpoint", "javascript:alert(1)"),
            ("token_endpoint", "http://login.example.com/token"),
            ("jwks_uri", "file:///etc/passwd"),
            ("userinfo_endpoint", "http://127.0.0.1/"),
        ] {
            assert!(read(&[(name, value.into())]).is_err(), "{name} {value}");
        }
        assert_eq!(
            Document::address("https://login.example.com/a/"),
            "https://login.example.com/a/.well-known/openid-configuration"
        );
    }

    #[test]
    fn the_secret_is_in_the_form_only_where_it_must_be() {
        let takes = |methods: &[&str]| {
            read(&[("token_endpoint_auth_methods_supported", methods.into())]).unwrap().takes_secret_in_form()
        };
        assert!(takes(&["client_secret_post", "none"]) && !takes(&["client_secret_post", "client_secret_basic"]));
        assert!(!read(&[]).unwrap().takes_secret_in_form());
    }
}
