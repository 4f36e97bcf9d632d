//! The key that a call presents.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, header};
use data_encoding::BASE64;
use domain::kind::{KeyKind, PairHeaders};
use domain::token;
use service::verify::Credential;

use crate::json::problem::Problem;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The headers of the kinds that are presented in two of them.
static PAIRS: LazyLock<Vec<Pair>> = LazyLock::new(|| KeyKind::pair_headers().filter_map(Pair::of).collect());

struct Pair {
    id: HeaderName,
    secret: HeaderName,
    /// Their names, in the spelling of the docs.
    shown: PairHeaders,
}

impl Pair {
    fn of(shown: PairHeaders) -> Option<Self> {
        Some(Self { id: shown.id.parse().ok()?, secret: shown.secret.parse().ok()?, shown })
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(&self.id) || headers.contains_key(&self.secret)
    }
}

/// The key in `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let Some(value) = one(headers, &header::AUTHORIZATION)? else {
        return Err(Problem::key_needed("Send a key in the header Authorization: Bearer <key>."));
    };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::key_needed(
            "The Authorization header uses another scheme; send Authorization: Bearer <key>.",
        ));
    }
    let token = rest.trim_matches(' ');
    if token.is_empty() {
        return Err(Problem::key_needed(
            "Nothing follows the word Bearer: write the key behind it. If it comes from a variable, that is empty.",
        ));
    }
    if token.contains([' ', '\t']) {
        return Err(Problem::key_needed("Exactly one key must follow the word Bearer, without spaces in it."));
    }
    Ok(token)
}

/// The key of a call about itself: as Bearer, or in the two headers of its kind.
pub(super) fn own(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let Some(pair) = PAIRS.iter().find(|pair| pair.is_in(headers)) else {
        return bearer(headers).map(Credential::Token);
    };
    let missing = |name| Problem::key_needed(format!("{name} is missing: send both headers."));
    match (one(headers, &pair.id)?, one(headers, &pair.secret)?) {
        (Some(_), Some(_)) if headers.contains_key(header::AUTHORIZATION) => {
            let message = format!("Send either Authorization or the two {} headers, not both.", pair.shown.id);
            Err(Problem::malformed(message))
        }
        (Some(id), Some(secret)) => Ok(Credential::Pair { id, secret }),
        (Some(_), None) => Err(missing(pair.shown.secret)),
        (None, _) => Err(missing(pair.shown.id)),
    }
}

/// Where a request has its key, if the proxy says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Authorization,
    ApiKey,
    /// The place in [`PAIRS`].
    Pair(usize),
}

impl Place {
    /// Reads the name of the header, of the first one for a pair. The error says which there are.
    pub fn parse(name: &str) -> Result<Self, String> {
        let is = |header: &HeaderName| header.as_str().eq_ignore_ascii_case(name);
        if is(&header::AUTHORIZATION) {
            return Ok(Self::Authorization);
        }
        if is(&API_KEY) {
            return Ok(Self::ApiKey);
        }
        PAIRS.iter().position(|pair| is(&pair.id)).map(Self::Pair).ok_or_else(|| {
            let pairs: Vec<_> = PAIRS.iter().map(|pair| pair.id.as_str()).collect();
            format!("no key can be there; use authorization, x-api-key or {}", pairs.join(", "))
        })
    }
}

/// The key of a request at a proxy. If the proxy names its place, nothing else is read. Otherwise it may be in any of
/// the headers that a client may use, but two different keys are refused, because the service behind the proxy might
/// trust the other one.
pub(super) fn presented(headers: &HeaderMap, from: Option<Place>) -> Result<Credential<'_>, Problem> {
    match from {
        None => anywhere(headers),
        Some(Place::Authorization) => {
            let token = authorization(headers)?;
            token.map(Credential::Token).ok_or_else(|| needed("Authorization: Bearer <key>"))
        }
        Some(Place::ApiKey) => {
            let token = alone(headers, &API_KEY)?;
            token.map(Credential::Token).ok_or_else(|| needed("X-API-Key: <key>"))
        }
        Some(Place::Pair(at)) => {
            PAIRS.get(at).ok_or_else(|| needed("two headers")).and_then(|pair| both(headers, pair))
        }
    }
}

fn anywhere(headers: &HeaderMap) -> Result<Credential<'_>, Problem> {
    let bearer = authorization(headers)?;
    let api_key = alone(headers, &API_KEY)?;
    let mut pairs = PAIRS.iter().filter(|pair| pair.is_in(headers));
    match (bearer, api_key, pairs.next()) {
        (Some(token), None, None) | (None, Some(token), None) => Ok(Credential::Token(token)),
        (Some(token), Some(same), None) if token == same => Ok(Credential::Token(token)),
        (None, None, Some(pair)) if pairs.next().is_none() => both(headers, pair),
        (None, None, None) => {
            let pairs = PAIRS.iter().map(|pair| format!(", or as the two {} headers", pair.shown.id));
            let pairs: String = pairs.collect();
            let message = format!("Send a key, as Authorization: Bearer <key>, as X-API-Key: <key>{pairs}.");
            Err(Problem::key_needed(message))
        }
        _ => Err(Problem::key_needed("The request has more than one key: send exactly one.")),
    }
}

fn both<'a>(headers: &'a HeaderMap, pair: &Pair) -> Result<Credential<'a>, Problem> {
    if let (Some(id), Some(secret)) = (alone(headers, &pair.id)?, alone(headers, &pair.secret)?) {
        Ok(Credential::Pair { id, secret })
    } else {
        let name = pair.shown.id;
        Err(Problem::key_needed(format!("One of the two {name} headers is missing: send both.")))
    }
}

fn needed(place: &str) -> Problem {
    Problem::key_needed(format!("Send a key, as {place}."))
}

/// The key in `Authorization`. `None` if the header is the service's own: of another scheme, and nothing in it that a
/// lenient service could read as a key.
fn authorization(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = alone(headers, &header::AUTHORIZATION)?.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(rest.trim_matches(' '))),
        Some((scheme, rest)) if is_token(scheme) && !may_hold_a_key(value) && !rest.is_empty() => Ok(None),
        _ => Err(Problem::key_needed(
            "The Authorization header is neither Bearer <key> nor clearly of another scheme: write one scheme, a \
             space and its credentials.",
        )),
    }
}

/// Whether a text is a token of HTTP (RFC 9110, 5.6.2), as schemes are.
fn is_token(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

/// Whether the word Bearer or a whole key is anywhere in the value of a header, or in what Basic encodes of it.
fn may_hold_a_key(value: &str) -> bool {
    let bearer = value.as_bytes().windows(6).any(|word| word.eq_ignore_ascii_case(b"bearer"));
    let encoded = value.split_once(' ').map(|(_, rest)| rest.trim_matches(' ').as_bytes());
    let decoded = encoded.and_then(|encoded| BASE64.decode(encoded).ok());
    bearer || token::stands_in(value) || decoded.is_some_and(|text| token::stands_in(&String::from_utf8_lossy(&text)))
}

/// Reads a header that must not be repeated, because two parties could each trust a different value. The error says
/// what is wrong with it.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!("The header {name} is repeated."));
    }
    value.to_str().map(Some).map_err(|_| format!("The header {name} is not printable ASCII."))
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    once(headers, name).map_err(Problem::malformed)
}

/// Does the same, but with the status of every other bad key, because proxies understand few others.
fn alone<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    once(headers, name).map_err(Problem::key_needed)
}
