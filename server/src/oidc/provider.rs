//! A provider: where it signs people in, and its word for a code.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Request, StatusCode, header};
use data_encoding::BASE64;
use domain::provider::ProviderRules;
use openidconnect::core::CoreJsonWebKeySet;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use service::providers::{Asking, Claims, Provider, ProviderError, Question, Redeemed};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::document::{Document, read_keys};
use super::http::Client;
use super::settings::ProviderSettings;
use super::token::{Expected, NotBelieved, check, read, says_all};

/// How long what a provider says of itself is believed.
const KNOWN_FOR: Duration = Duration::from_hours(1);

/// How long to wait before a provider that failed is asked again, and at least between two looks for new keys.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
const KEYS_AGAIN_AFTER: Duration = Duration::from_mins(1);

/// A provider of the configuration.
pub struct OidcProvider {
    settings: ProviderSettings,
    client: Client,
    known: Mutex<Known>,
}

/// What is known of it.
#[derive(Default)]
struct Known {
    found: Option<(Arc<Found>, Instant)>,
    failed: Option<(String, Instant)>,
    looked_for_keys: Option<Instant>,
}

/// What it says of itself.
#[derive(Clone)]
struct Found {
    document: Document,
    keys: CoreJsonWebKeySet,
}

/// What it answers to a code.
#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    error: String,
}

impl fmt::Debug for OidcProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("OidcProvider").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl OidcProvider {
    /// A provider that is asked nothing yet, so one that is down stops no start.
    pub fn new(settings: ProviderSettings) -> Result<Self, String> {
        let client = Client::of(&settings.issuer)?;
        Ok(Self { settings, client, known: Mutex::default() })
    }

    /// What the provider says of itself. Asks it again from time to time, and goes on with the old if it is away.
    async fn found(&self) -> Result<Arc<Found>, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some((found, at)) = &known.found
            && at.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(found));
        }
        if let Some((why, at)) = &known.failed
            && at.elapsed() < AGAIN_AFTER
        {
            let old = known.found.as_ref().map(|(found, _)| Arc::clone(found));
            return old.ok_or_else(|| ProviderError::Unreachable(why.clone()));
        }
        match self.find().await {
            Ok(found) => {
                let found = Arc::new(found);
                known.found = Some((Arc::clone(&found), Instant::now()));
                known.failed = None;
                Ok(found)
            }
            Err(why) => {
                tracing::warn!(provider = self.settings.rules.id, why, "a provider cannot be asked what it is");
                known.failed = Some((why.clone(), Instant::now()));
                let old = known.found.as_ref().map(|(found, _)| Arc::clone(found));
                old.ok_or(ProviderError::Unreachable(why))
            }
        }
    }

    async fn find(&self) -> Result<Found, String> {
        let issuer = &self.settings.issuer;
        let document = Document::read(&self.get(&Document::address(issuer), None).await?, issuer, &self.client)?;
        let keys = read_keys(&self.get(&document.jwks_uri, None).await?)?;
        Ok(Found { document, keys })
    }

    /// The same with the keys that the provider has now, if it was not asked for them a moment ago.
    async fn found_again(&self, found: &Found) -> Result<Option<Arc<Found>>, ProviderError> {
        let mut known = self.known.lock().await;
        if known.looked_for_keys.is_some_and(|at| at.elapsed() < KEYS_AGAIN_AFTER) {
            return Ok(None);
        }
        known.looked_for_keys = Some(Instant::now());
        let keys = async { read_keys(&self.get(&found.document.jwks_uri, None).await?) };
        let keys = keys.await.map_err(ProviderError::Unreachable)?;
        let found = Arc::new(Found { keys, ..found.clone() });
        known.found = Some((Arc::clone(&found), Instant::now()));
        Ok(Some(found))
    }

    async fn get(&self, address: &str, access_token: Option<&str>) -> Result<Bytes, String> {
        let mut request = Request::get(address);
        if let Some(token) = access_token {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            request = request.header(header::AUTHORIZATION, secret_value(value)?);
        }
        let request = request.body(Bytes::new()).map_err(|_| "its address is no address".to_owned())?;
        match self.client.send(request).await? {
            (StatusCode::OK, body) => Ok(body),
            (status, _) => Err(format!("it answers with {}", status.as_u16())),
        }
    }

    /// Redeems a code. The answer holds secrets, so errors repeat nothing of it.
    async fn tokens(&self, found: &Found, redeemed: &Redeemed<'_>) -> Result<Tokens, ProviderError> {
        let unreachable = |why: &str| ProviderError::Unreachable(why.to_owned());
        let request = self.redemption(found, redeemed).map_err(ProviderError::Unreachable)?;
        let (status, body) = self.client.send(request).await.map_err(ProviderError::Unreachable)?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|_| unreachable("its answer cannot be read"));
        }
        let fault = serde_json::from_slice::<Fault>(&body).map(|fault| fault.error);
        Err(match fault.as_deref() {
            Ok("invalid_grant") => ProviderError::Declined("it does not accept the code".to_owned()),
            Ok("invalid_client" | "unauthorized_client") => {
                unreachable("it does not accept the client id or the client secret")
            }
            _ => unreachable(&format!("it answers with {}", status.as_u16())),
        })
    }

    fn redemption(&self, found: &Found, redeemed: &Redeemed<'_>) -> Result<Request<Bytes>, String> {
        let (id, secret) = (&self.settings.client_id, self.settings.client_secret.expose_secret());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", redeemed.code.expose_secret())
            .append_pair("redirect_uri", redeemed.redirect)
            .append_pair("code_verifier", redeemed.verifier);
        let mut request = Request::post(&found.document.token_endpoint)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if found.document.takes_secret_in_form() {
            form.append_pair("client_id", id).append_pair("client_secret", secret);
        } else {
            request = request.header(header::AUTHORIZATION, basic(id, secret)?);
        }
        request.body(Bytes::from(form.finish())).map_err(|_| "its address is no address".to_owned())
    }

    async fn word(&self, redeemed: &Redeemed<'_>) -> Result<Claims, ProviderError> {
        let unbelieved = |why: &str| ProviderError::Unbelieved(why.to_owned());
        let mut found = self.found().await?;
        match redeemed.issuer {
            Some(issuer) if issuer != self.settings.issuer => {
                return Err(unbelieved("the answer is of another provider"));
            }
            None if found.document.authorization_response_iss_parameter_supported => {
                return Err(unbelieved("the answer does not say which provider it is of"));
            }
            _ => {}
        }
        let tokens = self.tokens(&found, redeemed).await?;
        let id_token = tokens.id_token.as_deref().ok_or_else(|| unbelieved("it says nothing of who it is"))?;
        let mut checked = self.check(&found, id_token, &tokens, redeemed);
        if matches!(checked, Err(NotBelieved::UnknownKey))
            && let Some(again) = self.found_again(&found).await?
        {
            found = again;
            checked = self.check(&found, id_token, &tokens, redeemed);
        }
        let mut all = checked.map_err(|error| match error {
            NotBelieved::UnknownKey => unbelieved("its word is signed by no key of it"),
            NotBelieved::Otherwise(why) => ProviderError::Unbelieved(why),
        })?;
        let role_claim = self.settings.rules.roles.claim.as_ref().map(|(claim, _)| claim.as_str());
        if !says_all(&all, role_claim)
            && let Some(address) = &found.document.userinfo_endpoint
        {
            self.add_more(&mut all, address, &tokens.access_token).await?;
        }
        read(&all, role_claim).map_err(ProviderError::Unbelieved)
    }

    fn check(
        &self,
        found: &Found,
        id_token: &str,
        tokens: &Tokens,
        redeemed: &Redeemed<'_>,
    ) -> Result<Map<String, Value>, NotBelieved> {
        let expected = Expected {
            issuer: &self.settings.issuer,
            client_id: &self.settings.client_id,
            nonce: redeemed.nonce,
            algorithms: found.document.algorithms(),
            keys: &found.keys,
            now: redeemed.now,
        };
        check(id_token, &tokens.access_token, &expected)
    }

    /// Many providers give the e-mail only when they are asked with the access token. What is signed wins.
    async fn add_more(
        &self,
        all: &mut Map<String, Value>,
        address: &str,
        access_token: &str,
    ) -> Result<(), ProviderError> {
        let body = self.get(address, Some(access_token)).await.map_err(ProviderError::Unreachable)?;
        let more: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| ProviderError::Unreachable("what it says of somebody cannot be read".to_owned()))?;
        if more.get("sub") != all.get("sub") {
            return Err(ProviderError::Unbelieved("it speaks of two different people".to_owned()));
        }
        if all.contains_key("email") {
            // An e-mail is verified by what came with it, not by what came with another.
            let same = more.get("email") == all.get("email");
            let verified = more.get("email_verified").filter(|_| same && !all.contains_key("email_verified"));
            if let Some(verified) = verified.cloned() {
                all.insert("email_verified".to_owned(), verified);
            }
        } else {
            all.remove("email_verified");
            for name in ["email", "email_verified"] {
                all.extend(more.get(name).map(|value| (name.to_owned(), value.clone())));
            }
        }
        for (name, value) in more {
            if !name.starts_with("email") {
                all.entry(name).or_insert(value);
            }
        }
        Ok(())
    }

    fn sign_in_address(&self, document: &Document, question: &Question<'_>) -> String {
        let asked = form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", question.redirect)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", question.state)
            .append_pair("nonce", question.nonce)
            .append_pair("code_challenge", question.challenge)
            .append_pair("code_challenge_method", "S256")
            .finish();
        let address = document.authorization_endpoint.split('#').next().unwrap_or_default();
        let separator = if address.contains('?') { '&' } else { '?' };
        format!("{address}{separator}{asked}")
    }
}

impl Provider for OidcProvider {
    fn rules(&self) -> &ProviderRules {
        &self.settings.rules
    }

    fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn address<'a>(&'a self, question: Question<'a>) -> Asking<'a, String> {
        Box::pin(async move { Ok(self.sign_in_address(&self.found().await?.document, &question)) })
    }

    fn claims<'a>(&'a self, redeemed: Redeemed<'a>) -> Asking<'a, Claims> {
        Box::pin(async move { self.word(&redeemed).await })
    }
}

/// The client's id and secret in a header: each encoded as in a form first, as RFC 6749 has it.
fn basic(id: &str, secret: &str) -> Result<HeaderValue, String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = SecretString::from(format!("{}:{}", encoded(id), encoded(secret)));
    secret_value(HeaderValue::try_from(format!("Basic {}", BASE64.encode(pair.expose_secret().as_bytes()))))
}

/// A header that is never shown.
fn secret_value<E>(value: Result<HeaderValue, E>) -> Result<HeaderValue, String> {
    let mut value = value.map_err(|_| "it gave an access token that is none".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}
