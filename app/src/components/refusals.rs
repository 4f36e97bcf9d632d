//! The last refused calls of a key, those for the same reason from the same address as one.

use std::net::IpAddr;

use domain::field::Field;
use domain::usage::RefusedCall;
use domain::verdict::Code;
use leptos::prelude::*;

use super::time::{ShortTime, Time};
use crate::addresses::with_query;

/// The query parameter that holds the verdict which a call got.
pub const REFUSED_AS: &str = "refused_as";

/// Refused calls that are alike, newest first; never empty.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    code: Code,
    address: Option<IpAddr>,
    newest: RefusedCall,
    older: Vec<RefusedCall>,
}

/// One line for each reason and address, newest first, which unfolds to its calls. Each call links to its checks.
#[component]
pub fn Refusals(
    id: String,
    calls: Vec<RefusedCall>,
    /// Whether the visitor may see the checks.
    tests: bool,
) -> impl IntoView {
    if calls.is_empty() {
        return view! { <div class="body"><p class="soft">"No refused calls."</p></div> }.into_any();
    }
    let groups: Vec<_> = groups(calls).into_iter().map(|group| line(tests.then_some(&*id), group)).collect();
    view! { <ul class="feed refusals" aria-label="Refused calls, newest first">{groups}</ul> }.into_any()
}

fn groups(calls: Vec<RefusedCall>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for call in calls {
        if let Some(group) = groups.iter_mut().find(|group| group.code == call.code && group.address == call.address) {
            group.older.push(call);
            continue;
        }
        let (code, address) = (call.code, call.address);
        groups.push(Group { code, address, newest: call, older: Vec::new() });
    }
    groups
}

fn line(id: Option<&str>, group: Group) -> AnyView {
    let count = group.older.len() + 1;
    let number = if count == 1 { "1 call".to_owned() } else { format!("{count} calls") };
    let address = group.address.map_or("unknown address".to_owned(), |address| address.to_string());
    let (why, at) = (id.map(|id| why_address(id, &group.newest)), group.newest.at);
    let calls: Vec<_> = std::iter::once(group.newest).chain(group.older).map(|call| of_group(id, &call)).collect();
    view! {
        <li>
            <details>
                <summary>
                    <span class="dots">
                        <span class="status bad" title=group.code.words_of_key()>{group.code.label_of_key()}</span>
                        <b><i>" · "</i>{number}</b>
                        <span class="mono"><i>" · "</i>{address.clone()}</span>
                        <small><i>" · "</i>"last " <ShortTime at/></small>
                    </span>
                </summary>
                <p class="soft"><code>{group.code.as_str()}</code> ": " {group.code.words_of_key()}</p>
                <ul class="changes">{calls}</ul>
            </details>
            {why.map(|why| view! {
                <a href=why>
                    "Why?"
                    // The hidden text makes the link unique.
                    <span class="visually-hidden">" " {group.code.label_of_key()} ", from " {address}</span>
                </a>
            })}
        </li>
    }
    .into_any()
}

/// One call of a group, with whatever is known of it.
fn of_group(id: Option<&str>, call: &RefusedCall) -> impl IntoView + use<> {
    let request: Vec<_> = [&call.method, &call.path].into_iter().flatten().map(String::as_str).collect();
    let known = [
        ("", Some(request.join(" ")).filter(|request| !request.is_empty())),
        ("origin ", call.origin.clone()),
        ("asked for ", call.permissions.clone()),
        ("", Some(call.edge.label().to_owned())),
    ];
    let known: Vec<_> = known
        .into_iter()
        .filter_map(|(label, text)| text.map(|text| view! { " · " {label} <bdi>{text}</bdi> }))
        .collect();
    let at = match id {
        Some(id) => view! { <a href=why_address(id, call)><Time at=call.at/></a> }.into_any(),
        None => view! { <Time at=call.at/> }.into_any(),
    };
    view! { <li>{at} <small>{known}</small></li> }
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

    use super::{groups, why_address};

    fn call(code: Code, address: &str) -> RefusedCall {
        RefusedCall {
            at: Timestamp::parse_input("2026-11-21T09:30:02").unwrap(),
            code,
            edge: Edge::Verify,
            address: Some(address.parse().unwrap()),
            origin: Some("https://a.example/?x=1&y".to_owned()),
            permissions: None,
            kind: None,
            method: None,
            path: None,
        }
    }

    #[test]
    fn calls_that_are_alike_are_one_group() {
        let (ip, origin) = (Code::IpNotAllowed, Code::OriginNotAllowed);
        let mut calls: Vec<_> = (0..18).map(|_| call(ip, "203.0.113.9")).collect();
        calls.insert(3, call(origin, "203.0.113.9"));
        calls.insert(5, call(ip, "203.0.113.10"));
        let sizes: Vec<_> = groups(calls)
            .iter()
            .map(|group| (group.code, group.address.unwrap().to_string(), 1 + group.older.len()))
            .collect();
        let expected = [(ip, "203.0.113.9", 18), (origin, "203.0.113.9", 1), (ip, "203.0.113.10", 1)];
        assert_eq!(sizes, expected.map(|(code, address, calls)| (code, address.to_owned(), calls)));
    }

    #[test]
    fn the_address_carries_the_call() {
        assert_eq!(
            why_address("7Qm2xVbN4tRa", &call(Code::IpNotAllowed, "2001:db8::1")),
            "/keys/7Qm2xVbN4tRa/why?address=2001%3Adb8%3A%3A1&origin=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y\
             &at=2026-11-21T09%3A30%3A02&refused_as=IP_NOT_ALLOWED"
        );
    }
}
