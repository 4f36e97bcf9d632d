//! Reads a call from an address, and checks it against the current key.

use std::net::IpAddr;

use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use domain::permission_query::PermissionQuery;
use domain::text::quote;
use domain::timestamp::Timestamp;
use domain::verdict::{CheckResult, Code};
use service::keys::AskedCall;

use super::context::Desk;
use super::keys::{Calls, KeyView, key_id, page_view};
use crate::error::ConsoleError;

/// The call, as it was typed or picked.
#[derive(Debug, Clone, Default)]
pub struct TypedCall {
    pub address: String,
    pub origin: String,
    pub permissions: String,
    pub kind: String,
    pub at: String,
    /// The verdict that the call got, if it was picked from the refusals.
    pub refused_as: Option<Code>,
}

/// A key, its calls and their verdicts, and what each check says to the call in question.
#[derive(Debug)]
pub struct Why {
    pub view: KeyView,
    pub calls: Calls,
    /// `None` if there is no call to check, or something is wrong with it.
    pub checks: Option<Vec<CheckResult>>,
    /// What is wrong with the input.
    pub errors: FieldErrors,
}

/// The key, and what its checks say to this call.
pub async fn read_why(id: &str, typed: Option<&TypedCall>) -> Result<Why, ConsoleError> {
    let desk = Desk::from_context()?;
    let (caller, id) = (desk.caller()?, key_id(id)?);
    let (call, errors) = match typed.map(asked_call).transpose() {
        Ok(call) => (call, FieldErrors::default()),
        Err(errors) => (None, errors),
    };
    let (page, checks) = match call {
        None => (desk.service().key_to_explain(&caller, &id).await?, None),
        Some(call) => {
            let (page, checks) = desk.service().why(&caller, &id, &call).await?;
            (page, Some(checks))
        }
    };
    let (view, calls) = page_view(&desk, &caller, page);
    Ok(Why { view, calls, checks, errors })
}

fn asked_call(typed: &TypedCall) -> Result<AskedCall, FieldErrors> {
    let mut errors = FieldErrors::default();
    let address = errors.keep(Field::Address, optional(&typed.address, address));
    let permissions = errors.keep(
        Field::Permissions,
        optional(&typed.permissions, |text| PermissionQuery::parse(text).map_err(|error| error.to_string())),
    );
    let kind = errors.keep(
        Field::Kind,
        optional(&typed.kind, |word| KeyKind::parse(word).ok_or("Choose one of the kinds that are shown.".to_owned())),
    );
    let at = errors.keep(
        Field::At,
        optional(&typed.at, |text| {
            let wrong = || format!("{} is not a date and time: write one like 2026-11-21T09:30.", quote(text));
            Timestamp::parse_input(text).ok_or_else(wrong)
        }),
    );
    match (address, permissions, kind, at) {
        (Some(address), Some(permissions), Some(kind), Some(at)) => {
            let origin = Some(typed.origin.trim().to_owned()).filter(|origin| !origin.is_empty());
            Ok(AskedCall { address, origin, permissions, kind, at })
        }
        _ => Err(errors),
    }
}

fn optional<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { read(text).map(Some) }
}

fn address(text: &str) -> Result<IpAddr, String> {
    let wrong = || format!("{} is not an address: write one like 203.0.113.9 or 2001:db8::1.", quote(text));
    text.parse().map(|address: IpAddr| address.to_canonical()).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_not_asked_for() {
        let call = asked_call(&TypedCall { origin: "  ".to_owned(), ..TypedCall::default() }).unwrap();
        assert!(call.address.is_none() && call.origin.is_none() && call.permissions.is_none());
        assert!(call.kind.is_none() && call.at.is_none());
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let typed = TypedCall {
            address: "203.0.113.0/24".to_owned(),
            permissions: "a AND".to_owned(),
            kind: "sausage".to_owned(),
            at: "yesterday".to_owned(),
            ..TypedCall::default()
        };
        let errors = asked_call(&typed).unwrap_err();
        let fields: Vec<_> = errors.0.iter().map(|error| error.field).collect();
        assert_eq!(fields, [Field::Address, Field::Permissions, Field::Kind, Field::At]);
        let right = TypedCall {
            address: " ::ffff:203.0.113.9 ".to_owned(),
            permissions: "a AND b".to_owned(),
            kind: "service".to_owned(),
            at: "2026-11-21T09:30".to_owned(),
            ..TypedCall::default()
        };
        assert_eq!(asked_call(&right).unwrap().address, Some("203.0.113.9".parse().unwrap()));
    }
}
