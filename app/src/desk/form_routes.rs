//! The list of forms: the address of each, and what it does.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, post};
use domain::ids::{AppId, ContactId, IntegrationId, KeyId, PersonId, RoomId};

use super::contacts::contact_id;
use super::context::{Console, Desk};
use super::deliveries::delivery_ids;
use super::file_form::{self, Files};
use super::form_answer::{Needs, answer};
use super::integrations::integration_id;
use super::keys::key_id;
use super::live_room::room_id;
use super::named::{Named, NamedPart};
use super::people::person_id;
use super::requests::request_id;
use super::webhooks::webhook_ids;
use super::{
    account_forms, apps, chats, contacts, deliveries, hand_overs, holder, integrations, invites, key_forms, member_key,
    passkeys, people_forms, person_forms, requests, rooms, rotation, settings_forms, webhooks,
};
use crate::error::ConsoleError;
use crate::forms::fields::FormFields;
use crate::forms::outcome::Next;

/// Makes the handler of a form.
type MakeHandler = fn(&Console) -> MethodRouter;

/// Every form: the address that it is posted to, and its handler. The console accepts no other forms.
const FORMS: [(&str, MakeHandler); 97] = [
    ("/login", |console| form(console, Needs::Nobody, person_forms::sign_in)),
    ("/login/code", |console| form(console, Needs::Nobody, person_forms::finish_sign_in)),
    ("/logout", |console| form(console, Needs::Nobody, person_forms::sign_out)),
    ("/setup", |console| form(console, Needs::Nobody, person_forms::set_up)),
    ("/forgot", |console| form(console, Needs::Nobody, account_forms::forgot)),
    ("/reset/{token}", |console| link_form(console, account_forms::reset)),
    ("/account", |console| form(console, Needs::Session, account_forms::rename)),
    ("/account/email", |console| form(console, Needs::Session, account_forms::change_email)),
    ("/account/password", |console| form(console, Needs::Session, account_forms::change_password)),
    ("/account/passkeys", |console| form(console, Needs::Session, passkeys::passkeys)),
    ("/account/prove", |console| form(console, Needs::Session, account_forms::prove)),
    ("/account/second-factor", |console| form(console, Needs::Session, account_forms::second_factor)),
    ("/account/connect/{provider}", |console| about(console, Needs::Session, Ok, account_forms::connect)),
    ("/account/providers", |console| form(console, Needs::Session, account_forms::disconnect)),
    ("/account/time-zone", |console| form(console, Needs::Session, account_forms::set_zone)),
    ("/account/sessions", |console| form(console, Needs::Session, account_forms::end_sessions)),
    ("/keys/new", |console| form(console, Needs::Session, key_forms::wizard)),
    ("/keys/bulk", |console| form(console, Needs::Session, key_forms::bulk)),
    ("/keys/views", |console| form(console, Needs::Session, key_forms::saved_view)),
    ("/keys/{id}/acknowledge", |console| key_form(console, key_forms::acknowledge)),
    ("/keys/{id}/drop", |console| key_form(console, key_forms::drop_pending)),
    ("/keys/{id}/edit", |console| key_form(console, key_forms::edit)),
    ("/keys/{id}/disable", |console| key_form(console, key_forms::disable)),
    ("/keys/{id}/enable", |console| key_form(console, key_forms::enable)),
    ("/keys/{id}/revoke", |console| key_form(console, key_forms::revoke)),
    ("/keys/{id}/restore", |console| key_form(console, key_forms::restore)),
    ("/keys/{id}/delete", |console| key_form(console, key_forms::delete)),
    ("/keys/{id}/rotate", |console| key_form(console, rotation::rotate)),
    ("/keys/{id}/rotate/handover", |console| key_form(console, rotation::hand_over)),
    ("/keys/{id}/rotation/acknowledge", |console| key_form(console, rotation::acknowledge)),
    ("/keys/{id}/rotation/drop", |console| key_form(console, rotation::drop_waiting)),
    ("/keys/{id}/rotation/extend", |console| key_form(console, rotation::extend)),
    ("/keys/{id}/rotation/finish", |console| key_form(console, rotation::finish)),
    ("/keys/{id}/rotation/undo", |console| key_form(console, rotation::undo)),
    ("/keys/handovers/new", |console| form(console, Needs::Session, hand_overs::hand_over)),
    ("/keys/handovers/{id}/withdraw", |console| key_form(console, hand_overs::withdraw)),
    ("/collect/{token}", |console| about(console, Needs::Nobody, Ok, hand_overs::collect)),
    ("/collect/{token}/stored", |console| about(console, Needs::Nobody, Ok, hand_overs::stored)),
    ("/holder", |console| form(console, Needs::Nobody, holder::look)),
    ("/holder/revoke", |console| form(console, Needs::Nobody, holder::revoke)),
    ("/holder/rotate", |console| form(console, Needs::Nobody, holder::rotate)),
    ("/requests/many", |console| form(console, Needs::Session, requests::decide_many)),
    ("/requests/{id}/approve", |console| request_form(console, requests::approve)),
    ("/requests/{id}/decline", |console| request_form(console, requests::decline)),
    ("/requests/{id}/withdraw", |console| request_form(console, requests::withdraw)),
    ("/requests/{id}/collect", |console| request_form(console, requests::collect)),
    ("/people/invite", |console| form(console, Needs::Session, invites::invite)),
    ("/people/invites/{id}/renew", |console| person_form(console, invites::renew)),
    ("/people/invites/{id}/revoke", |console| person_form(console, invites::revoke)),
    ("/people/{id}/role", |console| person_form(console, people_forms::change_role)),
    ("/people/{id}/keys", |console| person_form(console, people_forms::set_keys)),
    ("/people/{id}/apps", |console| person_form(console, people_forms::set_apps)),
    ("/people/{id}/unlock", |console| person_form(console, people_forms::unlock)),
    ("/people/{id}/disable", |console| person_form(console, people_forms::disable)),
    ("/people/{id}/enable", |console| person_form(console, people_forms::enable)),
    ("/people/{id}/sign-out", |console| person_form(console, people_forms::sign_out)),
    ("/people/{id}/reset", |console| person_form(console, people_forms::reset)),
    ("/people/{id}/factor", |console| person_form(console, people_forms::reset_factor)),
    ("/people/{id}/remove", |console| person_form(console, people_forms::remove)),
    ("/invite/{token}", |console| about(console, Needs::Nobody, Ok, invites::accept)),
    ("/apps/choose", |console| form(console, Needs::Session, apps::choose)),
    ("/apps/new", |console| form(console, Needs::Session, apps::create)),
    ("/apps/{id}/rename", |console| app_form(console, apps::rename)),
    ("/apps/{id}/archive", |console| app_form(console, apps::archive)),
    ("/apps/{id}/restore", |console| app_form(console, apps::restore)),
    ("/", |console| form(console, Needs::Session, member_key::reveal)),
    ("/member-key/reissue", |console| form(console, Needs::Session, member_key::reissue)),
    ("/rooms/new", |console| form(console, Needs::Session, rooms::create)),
    ("/rooms/{id}/edit", |console| room_form(console, rooms::change)),
    ("/rooms/{id}/open", |console| room_form(console, rooms::open)),
    ("/rooms/{id}/close", |console| room_form(console, rooms::close)),
    ("/rooms/{id}/delete", |console| room_form(console, rooms::delete)),
    ("/rooms/{id}/join", |console| room_form(console, rooms::join)),
    ("/rooms/{id}/notice", |console| room_form(console, rooms::send_notice)),
    ("/rooms/{id}/participants", |console| room_form(console, rooms::act_on_participant)),
    ("/chats/new", |console| form(console, Needs::Session, chats::create)),
    ("/chats/{id}/rename", |console| room_form(console, chats::rename)),
    ("/chats/{id}/invite", |console| room_form(console, chats::add)),
    ("/chats/{id}/archive", |console| room_form(console, chats::archive)),
    ("/chats/{id}/restore", |console| room_form(console, chats::restore)),
    (file_form::PATH, |console| files_form(console, chats::write)),
    ("/contacts/new", |console| form(console, Needs::Session, contacts::create)),
    ("/contacts/{id}/edit", |console| contact_form(console, contacts::change)),
    ("/contacts/{id}/disable", |console| contact_form(console, contacts::disable)),
    ("/contacts/{id}/enable", |console| contact_form(console, contacts::enable)),
    ("/contacts/{id}/remove", |console| contact_form(console, contacts::remove)),
    ("/integrations/new", |console| form(console, Needs::Session, integrations::create)),
    ("/integrations/{id}/edit", |console| integration_form(console, integrations::change)),
    ("/integrations/{id}/delete", |console| integration_form(console, integrations::delete)),
    ("/integrations/{id}/webhooks/new", |console| integration_form(console, webhooks::add)),
    ("/integrations/{id}/webhooks/{webhook}/edit", |console| part_form(console, webhook_ids, webhooks::change)),
    ("/integrations/{id}/webhooks/{webhook}/secret", |console| part_form(console, webhook_ids, webhooks::renew_secret)),
    ("/integrations/{id}/webhooks/{webhook}/remove", |console| part_form(console, webhook_ids, webhooks::remove)),
    ("/integrations/{id}/deliveries/{delivery}", |console| part_form(console, delivery_ids, deliveries::send_again)),
    ("/settings", |console| form(console, Needs::Session, settings_forms::set_life)),
    ("/settings/approval", |console| form(console, Needs::Session, settings_forms::set_approval)),
    ("/settings/second-factor", |console| form(console, Needs::Session, settings_forms::set_factor_rules)),
];

/// The addresses of the forms.
pub fn paths() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|(path, _)| *path)
}

/// The forms, ready to be mounted.
pub fn routes(console: &Console) -> Router {
    FORMS.iter().fold(Router::new(), |router, (path, make)| router.route(path, make(console)))
}

fn form<F, T, Fut>(console: &Console, needs: Needs, act: fn(Desk, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |request: Request| {
        let console = console.clone();
        async move { answer(console, needs, request, act).await }
    })
}

fn key_form<F, T, Fut>(console: &Console, act: fn(Desk, KeyId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| key_id(&id), act)
}

fn person_form<F, T, Fut>(console: &Console, act: fn(Desk, PersonId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| person_id(&id), act)
}

fn app_form<F, T, Fut>(console: &Console, act: fn(Desk, AppId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| apps::app_id(&id), act)
}

fn room_form<F, T, Fut>(console: &Console, act: fn(Desk, RoomId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| room_id(&id), act)
}

/// A form about a room that may bring files.
fn files_form<F, T, Fut>(console: &Console, act: fn(Desk, RoomId, F, Files) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    let handler = post(move |Named(named): Named, request: Request| {
        let console = console.clone();
        async move {
            let (request, files) = match file_form::apart(request).await {
                Ok(apart) => apart,
                Err(status) => return status.into_response(),
            };
            let act = move |desk, form| async move { act(desk, room_id(&named)?, form, files).await };
            answer(console, Needs::Session, request, act).await
        }
    });
    // The server has read no more than such a form may have.
    handler.layer(DefaultBodyLimit::disable())
}

fn contact_form<F, T, Fut>(console: &Console, act: fn(Desk, ContactId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| contact_id(&id), act)
}

fn integration_form<F, T, Fut>(console: &Console, act: fn(Desk, IntegrationId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| integration_id(&id), act)
}

fn request_form<F, T, Fut>(console: &Console, act: fn(Desk, KeyId, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    about(console, Needs::Session, |id| request_id(&id), act)
}

/// A form about what its address names.
fn about<N, F, T, Fut>(
    console: &Console,
    needs: Needs,
    read: fn(String) -> Result<N, ConsoleError>,
    act: fn(Desk, N, F) -> Fut,
) -> MethodRouter
where
    N: Send + 'static,
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |Named(named): Named, request: Request| {
        let console = console.clone();
        async move {
            answer(console, needs, request, move |desk, form| async move { act(desk, read(named)?, form).await }).await
        }
    })
}

/// A form about a part of what its address names first, such as a webhook of an integration.
fn part_form<N, F, T, Fut>(
    console: &Console,
    read: fn(&str, &str) -> Result<N, ConsoleError>,
    act: fn(Desk, N, F) -> Fut,
) -> MethodRouter
where
    N: Send + 'static,
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |NamedPart(whole, part): NamedPart, request: Request| {
        let console = console.clone();
        async move {
            answer(console, Needs::Session, request, move |desk, form| async move {
                act(desk, read(&whole, &part)?, form).await
            })
            .await
        }
    })
}

/// The form of a one-use link, for whoever has it.
fn link_form<F, T, Fut>(console: &Console, act: fn(Desk, String, F) -> Fut) -> MethodRouter
where
    F: FormFields,
    T: Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Next<T>, ConsoleError>> + Send + 'static,
{
    let console = console.clone();
    post(move |Named(token): Named, request: Request| {
        let console = console.clone();
        async move { answer(console, Needs::Nobody, request, move |desk, form| act(desk, token, form)).await }
    })
}
