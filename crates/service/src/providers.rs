//! Providers as the use cases see them, and the sign-ins that are under way at one.
//! Whatever such a sign-in needs when it comes back is sealed in a cookie of its browser, so strangers who begin one write
//! nothing, and what they bring back to another browser is worth nothing.

use std::{fmt, pin::Pin};

use data_encoding::BASE64URL_NOPAD;
use domain::{
    provider::{ProviderRules, Trouble},
    refusal::Refusal,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use store::StoreError;
use subtle::ConstantTimeEq;

use crate::{ClientInfo, Error, Result, Service, entropy, sessions::Session};

/// How long somebody may take at a provider.
pub const BACK_WITHIN: Millis = Millis::minutes(10);

/// The longest address of this console that a sign-in leads on to: a cookie has to hold it.
const NEXT_MAX: usize = 1_000;

/// The place of the sealed cookie.
const PLACE: &str = "provider sign-in";

/// A service that signs people in over OpenID Connect.
pub trait Provider: Send + Sync {
    /// How far its word counts.
    fn rules(&self) -> &ProviderRules;

    /// The address that it calls itself.
    fn issuer(&self) -> &str;

    /// The address at which it signs somebody in.
    fn address<'a>(&'a self, question: Question<'a>) -> Asking<'a, String>;

    /// What it says of whoever came back with a code, once all of it is checked.
    fn claims<'a>(&'a self, redeemed: Redeemed<'a>) -> Asking<'a, Claims>;
}

/// What comes of asking a provider, within some seconds.
pub type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// What a browser takes to a provider.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The address here that it comes back to.
    pub redirect: &'a str,
    /// What ties the answer to this browser.
    pub state: &'a str,
    /// What ties the provider's word to this sign-in.
    pub nonce: &'a str,
    /// The SHA-256 of the verifier (PKCE).
    pub challenge: &'a str,
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

/// What turns a code into the provider's word.
#[derive(Clone, Copy)]
pub struct Redeemed<'a> {
    /// The address here that the browser came back to.
    pub redirect: &'a str,
    /// The code that it brought.
    pub code: &'a SecretString,
    /// The issuer that its answer names, if it names one (RFC 9207).
    pub issuer: Option<&'a str>,
    /// What only the server that began the sign-in knows (PKCE).
    pub verifier: &'a str,
    /// What the provider's word must repeat.
    pub nonce: &'a str,
    /// The present time.
    pub now: Timestamp,
}

impl fmt::Debug for Redeemed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redeemed").field("redirect", &self.redirect).finish_non_exhaustive()
    }
}

/// What a provider says of somebody. Its signature, audience, nonce and time are checked.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// Its name for the person, which it never gives to another.
    pub subject: String,
    /// The e-mail, as it writes it.
    pub email: Option<String>,
    /// Whether it says that the e-mail is theirs.
    pub is_email_verified: bool,
    /// The name.
    pub name: Option<String>,
    /// The values of the claim that decides the role.
    pub roles: Vec<String>,
}

/// Why a provider said nothing that counts. The text is for the log, and holds no code and no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer in time, or not as a provider does.
    #[error("{0}")]
    Unreachable(String),
    /// It does not accept the code.
    #[error("{0}")]
    Declined(String),
    /// What it said cannot be believed.
    #[error("{0}")]
    Unbelieved(String),
}

impl ProviderError {
    const fn trouble(&self) -> Trouble {
        match self {
            Self::Unreachable(_) => Trouble::Unreachable,
            Self::Declined(_) => Trouble::Declined,
            Self::Unbelieved(_) => Trouble::Unbelieved,
        }
    }
}

/// Why somebody was not let in by a provider.
#[derive(Debug, thiserror::Error)]
pub enum NotLetIn {
    /// A reason that they are told in general, and the record in full.
    #[error("{0:?}: {1}")]
    Trouble(Trouble, String),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<ProviderError> for NotLetIn {
    fn from(error: ProviderError) -> Self {
        Self::Trouble(error.trouble(), error.to_string())
    }
}

impl From<Refusal> for NotLetIn {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}

impl From<StoreError> for NotLetIn {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// A sign-in that goes on at a provider.
#[derive(Debug)]
pub struct Begun {
    /// The address there.
    pub address: String,
    /// The value of the cookie with which it comes back. Nobody else sees it, and it is not stored.
    pub cookie: SecretString,
}

/// A provider that people can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// What names it in addresses.
    pub id: String,
    /// The name that people see.
    pub name: String,
}

/// What somebody went to a provider for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignIn,
    /// To connect it with the account of the session.
    Connect,
}

/// A sign-in that is under way at a provider.
pub(crate) struct UnderWay {
    pub provider: String,
    pub purpose: Purpose,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub expires_at: Timestamp,
    /// The session that its browser had. When it comes back from another site, the browser keeps that cookie back.
    pub session: Option<[u8; 32]>,
    /// Where to go afterwards.
    pub next: String,
}

impl fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnderWay").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl UnderWay {
    fn to_text(&self) -> SecretString {
        let purpose = if self.purpose == Purpose::Connect { "connect" } else { "sign in" };
        let session = self.session.map(hex::encode).unwrap_or_default();
        let Self { provider, state, nonce, verifier, expires_at, next, .. } = self;
        let until = expires_at.millis();
        format!("{provider}\n{purpose}\n{state}\n{nonce}\n{verifier}\n{until}\n{session}\n{next}").into()
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.splitn(8, '\n').map(str::to_owned);
        let mut line = || lines.next();
        let (provider, purpose) = (line()?, line()?);
        let purpose = if purpose == "connect" { Purpose::Connect } else { Purpose::SignIn };
        let (state, nonce, verifier) = (line()?, line()?, line()?);
        let expires_at = Timestamp::from_millis(line()?.parse().ok()?);
        let session = hex::decode(line()?).ok()?.try_into().ok();
        Some(Self { provider, purpose, state, nonce, verifier, expires_at, session, next: line()? })
    }

    fn question<'a>(&'a self, redirect: &'a str, challenge: &'a str) -> Question<'a> {
        Question { redirect, state: &self.state, nonce: &self.nonce, challenge }
    }

    fn challenge(&self) -> String {
        BASE64URL_NOPAD.encode(&Sha256::digest(self.verifier.as_bytes()))
    }
}

/// The address here that a provider sends people back to.
pub fn redirect_address(origin: &str, provider: &str) -> String {
    format!("{origin}/login/oidc/{provider}/callback")
}

impl Service {
    /// The providers that people can sign in by.
    pub fn offered_providers(&self) -> Vec<Offered> {
        let offered = |rules: &ProviderRules| Offered { id: rules.id.clone(), name: rules.name.clone() };
        self.providers().iter().map(|provider| offered(provider.rules())).collect()
    }

    /// The provider with this id; `NotFound` if there is none.
    pub(crate) fn provider(&self, id: &str) -> Result<&dyn Provider, Refusal> {
        let found = self.providers().iter().find(|provider| provider.rules().id == id);
        found.map(AsRef::as_ref).ok_or(Refusal::NotFound)
    }

    /// The name of a provider; its issuer if it is no longer set up.
    pub(crate) fn provider_name(&self, issuer: &str) -> String {
        let found = self.providers().iter().find(|provider| provider.issuer() == issuer);
        found.map_or_else(|| issuer.to_owned(), |provider| provider.rules().name.clone())
    }

    /// Begins a sign-in at a provider. `origin` is the public address of this console, `next` where to go afterwards: an
    /// address of this console.
    pub async fn begin_at_provider(
        &self,
        id: &str,
        origin: &str,
        next: &str,
        client: &ClientInfo,
    ) -> Result<Begun, NotLetIn> {
        let under_way = self.under_way(id, Purpose::SignIn, client.session.as_ref(), next)?;
        let address = self.address_of(&under_way, origin, client).await?;
        Ok(Begun { address, cookie: self.seal_under_way(&under_way)? })
    }

    /// The address at which a sign-in goes on that this cookie began to connect a provider. `Over` for any other cookie.
    pub async fn go_on_at_provider(
        &self,
        id: &str,
        origin: &str,
        cookie: Option<&SecretString>,
        client: &ClientInfo,
    ) -> Result<String, NotLetIn> {
        let under_way = cookie.and_then(|cookie| self.open_under_way(id, cookie.expose_secret()));
        let under_way = under_way.filter(|under_way| under_way.purpose == Purpose::Connect).ok_or_else(over)?;
        self.address_of(&under_way, origin, client).await
    }

    async fn address_of(&self, under_way: &UnderWay, origin: &str, client: &ClientInfo) -> Result<String, NotLetIn> {
        let provider = self.provider(&under_way.provider)?;
        let (redirect, challenge) = (redirect_address(origin, &under_way.provider), under_way.challenge());
        let asked = async {
            let _turn = self.provider_turns().wait(provider, client).await?;
            Ok::<_, NotLetIn>(provider.address(under_way.question(&redirect, &challenge)).await?)
        };
        asked.await.inspect_err(|error| {
            tracing::warn!(provider = under_way.provider, %error, "a sign-in could not begin at its provider");
        })
    }

    /// A new sign-in at a provider; `NotFound` if there is no such provider.
    pub(crate) fn under_way(
        &self,
        provider: &str,
        purpose: Purpose,
        session: Option<&Session>,
        next: &str,
    ) -> Result<UnderWay> {
        self.provider(provider)?;
        let token = || Ok::<_, Error>(entropy::token(self.entropy())?.expose_secret().to_owned());
        let next = if next.len() > NEXT_MAX || next.contains('\n') { "/" } else { next };
        Ok(UnderWay {
            provider: provider.to_owned(),
            purpose,
            state: token()?,
            nonce: token()?,
            verifier: token()?,
            expires_at: self.now().plus(BACK_WITHIN),
            session: session.map(|session| session.id_mac),
            next: next.to_owned(),
        })
    }

    pub(crate) fn seal_under_way(&self, under_way: &UnderWay) -> Result<SecretString> {
        let text = under_way.to_text();
        let (sealed, version) = self.keyring().seal(text.expose_secret().as_bytes(), PLACE, self.entropy())?;
        Ok(format!("{version}.{}", BASE64URL_NOPAD.encode(&sealed)).into())
    }

    /// What a cookie seals, if it is of this provider and its time is not over.
    fn open_under_way(&self, provider: &str, cookie: &str) -> Option<UnderWay> {
        let (version, sealed) = cookie.split_once('.')?;
        let sealed = BASE64URL_NOPAD.decode(sealed.as_bytes()).ok()?;
        let text = self.keyring().unseal(&sealed, PLACE, version.parse().ok()?).ok()?;
        let under_way = UnderWay::from_text(std::str::from_utf8(&text).ok()?)?;
        (under_way.provider == provider && self.now() < under_way.expires_at).then_some(under_way)
    }

    /// The sign-in that came back with this state to the browser with this cookie. `Over` for a state of another browser,
    /// one that has come back before, and one whose time is over.
    pub(crate) async fn come_back(
        &self,
        provider: &str,
        cookie: Option<&SecretString>,
        state: &str,
    ) -> Result<UnderWay, NotLetIn> {
        let under_way = cookie.and_then(|cookie| self.open_under_way(provider, cookie.expose_secret()));
        let fits = |under_way: &UnderWay| bool::from(under_way.state.as_bytes().ct_eq(state.as_bytes()));
        let under_way = under_way.filter(fits).ok_or_else(over)?;
        if self.store().has_come_back(&self.state_mac(&under_way)).await? {
            return Err(over());
        }
        Ok(under_way)
    }

    pub(crate) fn state_mac(&self, under_way: &UnderWay) -> [u8; 32] {
        self.keyring().link_mac("provider state", &under_way.state)
    }
}

pub(crate) fn over() -> NotLetIn {
    NotLetIn::Trouble(Trouble::Over, "its time is over, or it is of another browser".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_under_way_survives_its_cookie() {
        let under_way = |purpose, session| UnderWay {
            provider: "corp".to_owned(),
            purpose,
            state: "a".to_owned(),
            nonce: "b".to_owned(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            expires_at: Timestamp::from_millis(7),
            session,
            next: "/keys?q=a%20b".to_owned(),
        };
        for (purpose, session) in [(Purpose::SignIn, None), (Purpose::Connect, Some([7; 32]))] {
            let text = under_way(purpose, session).to_text();
            let read = UnderWay::from_text(text.expose_secret()).unwrap();
            assert_eq!((read.purpose, read.session, &*read.next), (purpose, session, "/keys?q=a%20b"));
            assert_eq!(text.expose_secret(), read.to_text().expose_secret());
        }
        // The example of RFC 7636.
        assert_eq!(under_way(Purpose::SignIn, None).challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(UnderWay::from_text("corp\nconnect").is_none());
    }
}
