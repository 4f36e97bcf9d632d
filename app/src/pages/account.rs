//! One's own account: the name, how one signs in, and the browsers that are signed in.

use domain::field::Field;
use domain::timestamp::Timestamp;
use domain::zone;
use leptos::prelude::*;
use service::account::OwnSession;
use service::second_factor::OwnFactor;

use super::account_providers::{OwnProviders, PasswordWay};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::account::{Account, read_account};
use crate::desk::later::later;
use crate::forms::account::{DisconnectForm, NameForm, SESSION, SessionsForm, ZoneForm};
use crate::forms::outcome::PostedForm;

#[component]
pub fn AccountPage() -> impl IntoView {
    let (named, zoned) = (PostedForm::<NameForm>::take(), PostedForm::<ZoneForm>::take());
    let ended = PostedForm::<SessionsForm>::take();
    let disconnected = PostedForm::<DisconnectForm>::take();
    let problem = PostedForm::problem(ended.as_ref()).whole.or(PostedForm::problem(disconnected.as_ref()).whole);
    let shown = later(async move {
        match read_account().await {
            Ok(account) => view! { <FormProblem problem/> <Shown account named zoned/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Your account"/>
        <div class="head">
            <div>
                <h1>"Your account"</h1>
                <p>"Who you are here, how you sign in, and where you are signed in."</p>
            </div>
        </div>
        {shown}
    }
}

#[component]
fn Shown(account: Account, named: Option<PostedForm<NameForm>>, zoned: Option<PostedForm<ZoneForm>>) -> impl IntoView {
    let Account { name, email, is_doubted, role, time_zone, factor, passkeys, ways_in, sessions, now } = account;
    let manages = factor != OwnFactor::None || passkeys > 0;
    let problem = PostedForm::problem(named.as_ref());
    let name = named.map_or(name, |posted| posted.form.name);
    let errors = RwSignal::new(problem.fields);
    view! {
        <div class="cols">
            <form class="card" method="post" action="/account" novalidate>
                <header><h2>"You"</h2></header>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <TextField errors field=Field::PersonName value=name required=true autocomplete="name"
                        hint="Others see it beside your e-mail."/>
                    <dl class="facts"><div><dt>"Role"</dt><dd>{role}</dd></div></dl>
                </div>
                <footer><button class="button primary">"Save"</button></footer>
            </form>
            <section class="card">
                <header><h2>"Sign-in"</h2></header>
                <div class="body">
                    <dl class="facts">
                        <div>
                            <dt>"E-mail"</dt>
                            <dd>
                                <span>{email}</span> " "
                                {ways_in.has_password.then(|| view! { <a href="/account/email">"Change e-mail"</a> })}
                                {is_doubted.then(|| view! { " " <a href="/account/email">"Confirm it"</a> })}
                            </dd>
                        </div>
                        <div>
                            <dt>"Password"</dt>
                            <dd><PasswordWay ways=ways_in.clone()/></dd>
                        </div>
                        <div>
                            <dt>"Second factor"</dt>
                            <dd>
                                {factor_words(factor, passkeys)} " "
                                {(factor != OwnFactor::Off || passkeys > 0).then(|| view! { <a href="/account/second-factor">{if manages { "Manage" } else { "Set up" }}</a> })}
                            </dd>
                        </div>
                    </dl>
                </div>
            </section>
            <TimeZone chosen=time_zone zoned now/>
        </div>
        <OwnProviders ways=ways_in now/>
        <Sessions sessions now/>
    }
}

/// The zone that times are shown in.
#[component]
fn TimeZone(chosen: String, zoned: Option<PostedForm<ZoneForm>>, now: Timestamp) -> impl IntoView {
    let problem = PostedForm::problem(zoned.as_ref());
    let chosen = zoned.map_or(chosen, |posted| posted.form.zone);
    let errors = problem.fields.of(Field::TimeZone).map(|error| error.message.clone()).collect::<Vec<_>>().join(" ");
    let id = Field::TimeZone.as_str();
    let described = if errors.is_empty() { format!("{id}-hint") } else { format!("{id}-hint {id}-error") };
    let options: Vec<_> = zone::names()
        .into_iter()
        .map(|name| view! { <option value=name.clone() selected=name == chosen>{name.clone()}</option> })
        .collect();
    view! {
        <form class="card" method="post" action="/account/time-zone">
            <header><h2>"Times"</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <div class="field">
                    <label for=id>{Field::TimeZone.label()}</label>
                    <select id=id name=id aria-describedby=described aria-invalid=(!errors.is_empty()).then_some("true")>
                        <option value="" selected=chosen.is_empty()>"The browser's"</option>
                        {options}
                    </select>
                    <span class="hint" id=format!("{id}-hint")>
                        "Pages show times in it. The browser's needs JavaScript: without, times are UTC."
                    </span>
                    {(!errors.is_empty()).then(|| view! { <ul class="error" id=format!("{id}-error")><li>{errors}</li></ul> })}
                </div>
                <dl class="facts"><div><dt>"It is now"</dt><dd><Time at=now/></dd></div></dl>
            </div>
            <footer><button class="button primary">"Save"</button></footer>
        </form>
    }
}

/// The second factor in a few words.
fn factor_words(factor: OwnFactor, passkeys: usize) -> String {
    let passkeys = match passkeys {
        0 => None,
        1 => Some("1 passkey.".to_owned()),
        several => Some(format!("{several} passkeys.")),
    };
    let app = match factor {
        OwnFactor::None | OwnFactor::Off if passkeys.is_some() => None,
        factor => Some(app_words(factor)),
    };
    [app, passkeys].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn app_words(factor: OwnFactor) -> String {
    match factor {
        OwnFactor::On { codes_left: 1, .. } => "On, with 1 recovery code left.".to_owned(),
        OwnFactor::On { codes_left, .. } => format!("On, with {codes_left} recovery codes left."),
        OwnFactor::None => "None.".to_owned(),
        OwnFactor::Off => "Off here.".to_owned(),
    }
}

/// The browsers that are signed in, each with a button that ends its session.
#[component]
fn Sessions(sessions: Vec<OwnSession>, now: Timestamp) -> impl IntoView {
    let several = sessions.len() > 1;
    let rows: Vec<_> = sessions.into_iter().map(|session| row(session, now)).collect();
    view! {
        <section class="card">
            <header>
                <h2 id="sessions">"Where you are signed in"</h2>
                {several.then(|| view! {
                    <form method="post" action="/account/sessions">
                        <button class="button">"Sign out everywhere else"</button>
                    </form>
                })}
            </header>
            <div class="sheet" tabindex="0" role="region" aria-labelledby="sessions">
                <table class="blocks">
                    <thead>
                        <tr>
                            <th scope="col">"Browser"</th>
                            <th scope="col">"Address"</th>
                            <th scope="col">"Signed in"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col"><span class="visually-hidden">"Sign out"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(session: OwnSession, now: Timestamp) -> impl IntoView {
    let OwnSession { handle, device, address, since, last_seen, is_this } = session;
    let what = format!("Sign out {device}, {}", address.as_deref().unwrap_or("address unknown"));
    let act = if is_this {
        view! { <span class="status good">"This browser"</span> }.into_any()
    } else {
        view! {
            <form method="post" action="/account/sessions">
                <input type="hidden" name=SESSION value=handle/>
                <button class="button quiet danger" aria-label=what>"Sign out"</button>
            </form>
        }
        .into_any()
    };
    view! {
        <tr>
            <td>{device}</td>
            <td>{address.map_or_else(|| "Unknown".into_any(), |address| view! { <code>{address}</code> }.into_any())}</td>
            <td><span>"since " <Time at=since/></span></td>
            <td><Ago at=last_seen now/></td>
            <td class="end">{act}</td>
        </tr>
    }
}
