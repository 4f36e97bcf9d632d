//! The last refused calls of a key.

use domain::field::Field;
use domain::usage::RefusedCall;
use leptos::prelude::*;

use super::time::Time;
use crate::addresses::with_query;

/// The query parameter that holds the verdict which a call got.
pub const REFUSED_AS: &str = "refused_as";

/// A table, newest first. Each call links to its checks.
#[component]
pub fn Refusals(id: String, calls: Vec<RefusedCall>) -> impl IntoView {
    if calls.is_empty() {
        return view! { <div class="body"><p class="soft">"No calls refused yet."</p></div> }.into_any();
    }
    let rows: Vec<_> = calls.into_iter().map(|call| line(&id, call)).collect();
    view! {
        <div class="sheet" role="region" aria-label="Recent refusals" tabindex="0">
            <table>
                <caption class="visually-hidden">"Refused calls, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Reason and time"</th>
                        <th scope="col">"Address"</th>
                        <th scope="col">"Origin"</th>
                        <th scope="col">"Permissions asked for"</th>
                        <th scope="col">"Request"</th>
                        <th scope="col">"Received via"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(id: &str, call: RefusedCall) -> AnyView {
    let why = why_address(id, &call);
    let request = [call.method, call.path].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let column = |text: Option<String>| {
        let text = text.unwrap_or_default();
        let whole = text.clone();
        view! { <td class="clip mono" title=whole>{text}</td> }
    };
    view! {
        <tr>
            <td class="wrap">
                // The hidden text makes the link unique, since many calls are refused for the same reason.
                <a href=why>
                    <span class="visually-hidden">"Why?"</span> " " {call.code.words()} " "
                    <span class="visually-hidden">"The call at " {call.at.to_text()}</span>
                </a>
                <br/>
                <small class="mono">{call.code.as_str()}</small>
                <br/>
                <small><Time at=call.at/></small>
            </td>
            <td class="mono">{call.address.map_or("unknown".to_owned(), |address| address.to_string())}</td>
            {column(call.origin)}
            {column(call.permissions)}
            {column(Some(request))}
            <td>{call.edge.label()}</td>
        </tr>
    }
    .into_any()
}

/// The page that checks this call again.
fn why_address(id: &str, call: &RefusedCall) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let mut add = |field: Field, value: Option<String>| {
        if let Some(value) = value {
            query.append_pair(field.as_str(), &value);
        }
    };
    add(Field::Address, call.address.map(|address| address.to_string()));
    add(Field::Origin, call.origin.clone());
    add(Field::Permissions, call.permissions.clone());
    add(Field::Kind, call.kind.map(|kind| kind.as_str().to_owned()));
    add(Field::At, Some(call.at.to_input()));
    query.append_pair(REFUSED_AS, call.code.as_str());
    with_query(&format!("/keys/{id}/why"), &query.finish())
}

#[cfg(test)]
mod tests {
    use domain::timestamp::Timestamp;
    use domain::usage::{Edge, RefusedCall};
    use domain::verdict::Code;

    use super::why_address;

    #[test]
    fn the_address_carries_the_call() {
        let call = RefusedCall {
            at: Timestamp::parse_input("2026-11-21T09:30:02").unwrap(),
            code: Code::IpNotAllowed,
            edge: Edge::Verify,
            address: Some("2001:db8::1".parse().unwrap()),
            origin: Some("https://a.example/?x=1&y".to_owned()),
            permissions: None,
            kind: None,
            method: None,
            path: None,
        };
        assert_eq!(
            why_address("7Qm2xVbN4tRa", &call),
            "/keys/7Qm2xVbN4tRa/why?address=2001%3Adb8%3A%3A1&origin=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y\
             &at=2026-11-21T09%3A30%3A02&refused_as=IP_NOT_ALLOWED"
        );
    }
}
