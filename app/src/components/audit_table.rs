//! Rows of the audit: what was done, to which key, by whom and when, and what changed.

use domain::audit::{Action, ActorKind, AuditRow, Change, SECRET, STATE, SubjectKind};
use domain::field::Field;
use domain::integration::{IntegrationKind, IntegrationStatus};
use domain::key::{KeyState, RevokeReason, status};
use domain::kind::KeyKind;
use domain::role::{Act, Role};
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use super::time::{Time, with_times};
use crate::desk::keys::may;

/// The table of the audit page and of the audit modals.
#[component]
pub fn AuditTable(
    rows: Vec<AuditRow>,
    /// Whether to name the key in each row. Not needed if all rows are about one key.
    #[prop(optional)]
    with_subject: bool,
) -> impl IntoView {
    if rows.is_empty() {
        let words = if may(Act::SeeAudit) { "No events yet." } else { "You have done nothing here yet." };
        return view! { <p class="soft">{words}</p> }.into_any();
    }
    let seen: Vec<_> = LINKED.into_iter().filter(|act| may(*act)).collect();
    let rows: Vec<_> = told(rows).into_iter().map(|(row, action)| line(row, action, with_subject, &seen)).collect();
    view! {
        // The roles keep it a table for screen readers when the style no longer lays it out as one.
        <div class="card sheet" role="region" aria-label="Audit" tabindex="0">
            <table class="blocks" role="table">
                <caption class="visually-hidden">"Events, newest first"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader">"Action"</th>
                        {with_subject.then(|| view! { <th role="columnheader">"On"</th> })}
                        <th role="columnheader">"User"</th>
                        <th role="columnheader">"Date and time"</th>
                        <th role="columnheader">"Change"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Whether actor and subject are the same: a person who signed in, or Keystead itself. Their name is then shown once.
pub fn on_itself(row: &AuditRow) -> bool {
    row.subject.kind != SubjectKind::Key && row.subject.label == row.actor_label
}

/// What each row says was done. A key that is issued by a program is confirmed by the same act, which is one line.
pub fn told(rows: Vec<AuditRow>) -> Vec<(AuditRow, String)> {
    let mut told: Vec<(AuditRow, String)> = Vec::with_capacity(rows.len());
    for row in rows {
        let by_program = [ActorKind::CommandLine, ActorKind::Key].map(Some).contains(&row.actor_kind.known());
        let is_confirmed = |next: &AuditRow| {
            next.action.known() == Some(Action::KeyAcknowledged)
                && next.subject.id == row.subject.id
                && next.actor_label == row.actor_label
        };
        match told.last_mut() {
            Some((next, words))
                if by_program && row.action.known() == Some(Action::KeyIssued) && is_confirmed(next) =>
            {
                "Issued and confirmed".clone_into(words);
                *next = row;
            }
            _ => {
                let subject = row.subject.kind.known();
                let words = row.action.label(|action| subject.map_or(action.label(), |on| action.label_on(on)));
                told.push((row, words));
            }
        }
    }
    told
}

fn line(row: AuditRow, action: String, with_subject: bool, seen: &[Act]) -> AnyView {
    let changes: Vec<_> = row.changes.iter().map(|change| view! { <li>{with_times(&words(change))}</li> }).collect();
    let subject = with_subject.then(|| {
        if on_itself(&row) {
            return view! { <td role="cell"></td> }.into_any();
        }
        let (label, whole) = (row.subject.label.clone(), row.subject.label.clone());
        if let Some(address) = page_of(&row, seen) {
            view! { <td role="cell" class="clip" dir="auto" title=whole><a href=address>{label}</a></td> }.into_any()
        } else {
            view! { <td role="cell" class="clip" dir="auto" title=whole>{label}</td> }.into_any()
        }
    });
    view! {
        <tr role="row">
            <td role="cell">{action}</td>
            {subject}
            <td role="cell" dir="auto">
                {row.actor_label}
                {row.address.map(|address| view! {
                    " " <small class="source"><span class="visually-hidden">"from "</span> <bdi>{address}</bdi></small>
                })}
            </td>
            <td role="cell" class="soft"><Time at=row.at/></td>
            <td role="cell" class="soft wrap">
                {(!changes.is_empty()).then(|| view! { <ul class="changes">{changes}</ul> })}
                {row.note}
            </td>
        </tr>
    }
    .into_any()
}

/// What readers of the audit may see besides, so that it leads there.
const LINKED: [Act; 3] = [Act::SeeRooms, Act::SeeContacts, Act::SeeIntegrations];

/// The address of a page about the subject of an event, for those who may do this; `None` if it has none, or not any more.
fn page_of(row: &AuditRow, seen: &[Act]) -> Option<String> {
    let (page, needs) = match row.subject.kind.known()? {
        SubjectKind::Key => return Some(format!("/audit?key={}", row.subject.id)),
        SubjectKind::Room => ("rooms", Act::SeeRooms),
        SubjectKind::Chat => ("chats", Act::SeeRooms),
        SubjectKind::Contact => ("contacts", Act::SeeContacts),
        SubjectKind::Integration => ("integrations", Act::SeeIntegrations),
        SubjectKind::Person | SubjectKind::App | SubjectKind::Instance => return None,
    };
    let gone = [Action::RoomDeleted, Action::ContactRemoved, Action::IntegrationDeleted]
        .into_iter()
        .any(|action| row.action == action);
    (!gone && seen.contains(&needs)).then(|| format!("/{page}/{}", row.subject.id))
}

/// One change in words: `Name: “Billing” → “Billing export”`.
fn words(change: &Change) -> String {
    let other = match change.field.as_str() {
        STATE => "State",
        SECRET => "Secret",
        other => other,
    };
    let label = |field: Field| match field {
        // Its label speaks to the person, and the audit is read by others.
        Field::PersonName => Field::Name.label(),
        field => field.label(),
    };
    let mut text = Field::parse(&change.field).map_or(other, label).to_owned();
    let quoted = |value: &str| {
        if value.is_empty() { "nothing".to_owned() } else { format!("“{}”", shown(&change.field, value)) }
    };
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => {
            text.push_str(": ");
            text.push_str(&quoted(from));
            text.push_str(" → ");
            text.push_str(&quoted(to));
        }
        (None, Some(value)) => {
            text.push_str(": ");
            text.push_str(&quoted(value));
        }
        (Some(value), None) => {
            text.push_str(": ");
            text.push_str(&quoted(value));
            text.push_str(" removed");
        }
        (None, None) => {}
    }
    text
}

/// A value in the words of the console. An unknown value is shown as it was stored.
fn shown(field: &str, value: &str) -> String {
    let label = match Field::parse(field) {
        Some(Field::Kind) => {
            let of_keys = KeyKind::parse(value).map(KeyKind::label);
            of_keys.or_else(|| IntegrationKind::parse(value).map(IntegrationKind::label))
        }
        Some(Field::Reason) => RevokeReason::parse(value).map(RevokeReason::label),
        Some(Field::Role) => Role::parse(value).map(Role::label),
        Some(Field::NotBefore | Field::ExpiresAt | Field::AccessEndsAt) => {
            return Timestamp::parse_input(value).map_or_else(|| value.to_owned(), Timestamp::to_text);
        }
        None if field == STATE => {
            let of_keys = KeyState::parse(value).map(state_label);
            of_keys.or_else(|| IntegrationStatus::parse(value).map(IntegrationStatus::label))
        }
        _ => None,
    };
    label.unwrap_or(value).to_owned()
}

/// The label of a state, for a key without dates.
fn state_label(state: KeyState) -> &'static str {
    status(state, None, None, None, Timestamp::from_millis(0)).label()
}

#[cfg(test)]
mod tests {
    use domain::audit::{Action, ActorKind, AuditRow, Subject, SubjectKind};
    use domain::names::Word;
    use domain::timestamp::Timestamp;

    use super::{Act, Change, LINKED, page_of, told, words};

    fn row(seq: i64, actor: ActorKind, action: Action, id: &str) -> AuditRow {
        AuditRow {
            seq,
            at: Timestamp::from_millis(seq),
            actor_kind: Word::Known(actor),
            actor_label: "root (command line)".to_owned(),
            action: Word::Known(action),
            subject: Subject {
                kind: Word::Known(SubjectKind::Key),
                id: id.to_owned(),
                label: String::new(),
                key_kind: None,
            },
            changes: Vec::new(),
            note: None,
            address: None,
        }
    }

    #[test]
    fn what_an_event_is_about_leads_to_its_page() {
        let key = row(1, ActorKind::Person, Action::KeyDeleted, "7Qm2xVbN4tRa");
        assert_eq!(page_of(&key, &[]).as_deref(), Some("/audit?key=7Qm2xVbN4tRa"));
        let seen_by = |seen: &[Act], action: Action, kind: Word<SubjectKind>| {
            let mut row = row(2, ActorKind::Person, action, "0a");
            row.subject.kind = kind;
            page_of(&row, seen)
        };
        let about = |action: Action, kind: Word<SubjectKind>| seen_by(&LINKED, action, kind);
        let integration = || Word::Known(SubjectKind::Integration);
        assert_eq!(about(Action::WebhookAdded, integration()).as_deref(), Some("/integrations/0a"));
        assert_eq!(about(Action::IntegrationDeleted, integration()), None, "it is gone");
        let (room, chat, contact) = (SubjectKind::Room, SubjectKind::Chat, SubjectKind::Contact);
        assert_eq!(about(Action::MessagesDeleted, Word::Known(room)).as_deref(), Some("/rooms/0a"));
        assert_eq!(about(Action::MessagesDeleted, Word::Known(chat)).as_deref(), Some("/chats/0a"));
        assert_eq!(about(Action::RoomDeleted, Word::Known(chat)), None, "it is gone");
        assert_eq!(about(Action::MessagesDeleted, Word::Known(contact)).as_deref(), Some("/contacts/0a"));
        assert_eq!(seen_by(&[Act::SeeRooms], Action::WebhookAdded, integration()), None, "they may not see it");
        assert_eq!(about(Action::SessionStarted, Word::Known(SubjectKind::Person)), None);
        assert_eq!(about(Action::KeyEdited, Word::Other("planet".to_owned())), None);
    }

    #[test]
    fn a_key_that_a_program_issued_is_one_line() {
        let (shell, person) = (ActorKind::CommandLine, ActorKind::Person);
        let (issued, confirmed) = (Action::KeyIssued, Action::KeyAcknowledged);
        let lines = told(vec![
            row(7, shell, confirmed, "b"),
            row(6, shell, issued, "b"),
            row(5, shell, confirmed, "a"),
            row(4, shell, issued, "c"),
            row(3, person, confirmed, "d"),
            row(2, person, issued, "d"),
        ]);
        let lines: Vec<_> = lines.iter().map(|(row, words)| (row.seq, words.as_str())).collect();
        let expected = [(6, "Issued and confirmed"), (5, "Confirmed"), (4, "Issued"), (3, "Confirmed"), (2, "Issued")];
        assert_eq!(lines, expected);
    }

    #[test]
    fn changes_are_told_in_the_words_of_the_console() {
        for (field, from, to, expected) in [
            ("name", Some("Billing"), Some("Billing export"), "Name: “Billing” → “Billing export”"),
            ("person_name", None, Some("Ada Byron"), "Name: “Ada Byron”"),
            ("description", None, Some("active"), "Description: “active”"),
            ("description", Some("service"), None, "Description: “service” removed"),
            ("kind", None, Some("master_user"), "Kind: “Master User”"),
            ("reason", None, Some("superseded"), "Reason: “Another key replaces it”"),
            ("state", Some("active"), Some("revoked"), "State: “Active” → “Revoked”"),
            ("role", Some("guest"), Some("auditor"), "Role: “Guest” → “Auditor”"),
            ("secret", Some("1"), Some("2"), "Secret: “1” → “2”"),
            ("state", Some("disabled"), Some("pending"), "State: “Disabled” → “Pending”"),
            (
                "expires_at",
                Some(""),
                Some("2026-11-29T07:08:14Z"),
                "Expiry date and time: nothing → “2026-11-29 07:08:14 UTC”",
            ),
            ("kind", None, Some("messagebirdsms"), "Kind: “MessageBird SMS”"),
            ("state", Some("active"), Some("inactive"), "State: “Active” → “Inactive”"),
            // Values from a later or earlier version.
            ("kind", None, Some("sausage"), "Kind: “sausage”"),
            ("reason", None, Some("bored"), "Reason: “bored”"),
            ("state", None, Some("asleep"), "State: “asleep”"),
            ("not_before", None, Some("soon"), "Valid from: “soon”"),
            ("colour", None, Some("active"), "colour: “active”"),
        ] {
            let change = Change { field: field.to_owned(), from: from.map(str::to_owned), to: to.map(str::to_owned) };
            assert_eq!(words(&change), expected);
        }
    }
}
