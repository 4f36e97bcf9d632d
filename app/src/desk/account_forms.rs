//! What the forms about one's own account do.

use std::sync::Arc;

use domain::refusal::Refusal;
use secrecy::ExposeSecret;

use super::context::Desk;
use super::key_forms::tell;
use super::person_forms::client;
use super::session_cookie::Cookie;
use crate::error::ConsoleError;
use crate::forms::account::{
    ConnectForm, DisconnectForm, EmailForm, EmailStep, FactorAnswer, FactorForm, FactorStep, ForgotForm, NameForm,
    PasswordForm, ResetForm, SessionsForm, ZoneForm,
};
use crate::forms::done::{AccountDone, Told};
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;

pub async fn rename(desk: Desk, form: NameForm) -> Result<Next<()>, ConsoleError> {
    desk.service().rename_self(desk.session()?, &form.name, &client(&desk)).await?;
    Ok(done(&desk, AccountDone::Renamed))
}

pub async fn set_zone(desk: Desk, form: ZoneForm) -> Result<Next<()>, ConsoleError> {
    desk.service().set_own_zone(desk.session()?, &form.zone, &client(&desk)).await?;
    Ok(done(&desk, AccountDone::ZoneChosen))
}

pub async fn change_email(desk: Desk, form: EmailForm) -> Result<Next<()>, ConsoleError> {
    let (service, session, client) = (desk.service(), desk.session()?, client(&desk));
    let what = match form.step {
        EmailStep::Change => {
            service.change_own_email(session, &form.email, &form.password, &client).await?;
            AccountDone::EmailChanged
        }
        EmailStep::Confirm => {
            service.confirm_own_email(session, form.code.expose_secret(), &client).await?;
            AccountDone::EmailConfirmed
        }
        EmailStep::Again if service.mail_own_code(session).await? => AccountDone::CodeMailed,
        // In another tab, it was confirmed meanwhile.
        EmailStep::Again => AccountDone::EmailConfirmed,
    };
    Ok(done(&desk, what))
}

pub async fn change_password(desk: Desk, form: PasswordForm) -> Result<Next<()>, ConsoleError> {
    desk.service().change_own_password(desk.session()?, &form.current, &form.new, &client(&desk)).await?;
    Ok(done(&desk, AccountDone::PasswordChanged))
}

/// Nothing is left to do once the proof has come.
#[allow(clippy::unused_async, reason = "every form's handler is")]
pub async fn prove(desk: Desk, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    if !desk.caller()?.has_proved_recently(desk.service().now()) {
        return Err(ConsoleError::Refused(Refusal::ProveAgain));
    }
    Ok(done(&desk, AccountDone::Proved))
}

pub async fn end_sessions(desk: Desk, form: SessionsForm) -> Result<Next<()>, ConsoleError> {
    let (session, client) = (desk.session()?, client(&desk));
    if let Some(named) = form.session {
        desk.service().end_own_session(session, &named, &client).await?;
        return Ok(done(&desk, AccountDone::SessionEnded));
    }
    desk.service().end_other_sessions(session, &client).await?;
    Ok(done(&desk, AccountDone::SessionsEnded))
}

/// Goes on to a provider, to connect it with the account. A form may lead to no other site, so a page is between them.
pub async fn connect(desk: Desk, id: String, form: ConnectForm) -> Result<Next<()>, ConsoleError> {
    let begun = desk.service().begin_to_connect(desk.session()?, &id, &form.password, &client(&desk)).await?;
    let cookie = Cookie::UnderWay.set(desk.visit.transport, desk.console.port, begun.expose_secret());
    Ok(Next::GoWithCookies(format!("/login/oidc/{id}?connect=yes"), vec![cookie]))
}

pub async fn disconnect(desk: Desk, form: DisconnectForm) -> Result<Next<()>, ConsoleError> {
    desk.service().disconnect_identity(desk.session()?, &form.identity, &client(&desk)).await?;
    Ok(done(&desk, AccountDone::Disconnected))
}

/// A step with the second factor. Its secret and its recovery codes are in the answer itself.
pub async fn second_factor(desk: Desk, form: FactorForm) -> Result<Next<FactorAnswer>, ConsoleError> {
    let (service, session, client) = (desk.service(), desk.session()?, client(&desk));
    let (password, code) = (&form.password, form.code.expose_secret());
    match form.step.ok_or(ConsoleError::Malformed)? {
        FactorStep::Begin => {
            let enrolment = service.begin_factor(session, password, desk.console.host(), &client).await?;
            Ok(Next::Show(FactorAnswer::Enrolment(Arc::new(enrolment))))
        }
        FactorStep::Confirm => {
            Ok(Next::Show(FactorAnswer::Codes(service.confirm_factor(session, code, &client).await?)))
        }
        FactorStep::Codes => {
            Ok(Next::Show(FactorAnswer::Codes(service.renew_codes(session, password, code, &client).await?)))
        }
        FactorStep::Remove => {
            service.remove_factor(session, password, code, &client).await?;
            Ok(done(&desk, AccountDone::FactorRemoved))
        }
    }
}

/// Has a reset link mailed. The answer is the same, whoever has the e-mail.
pub async fn forgot(desk: Desk, form: ForgotForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let page = format!("{}/reset", desk.console.public_url);
    desk.service().ask_for_reset(&form.email, &page, &client(&desk)).await?;
    Ok(Next::Show(()))
}

/// Sets a new password with a link. It signs nobody in.
pub async fn reset(desk: Desk, token: String, form: ResetForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    desk.service().reset_password(&token, &form.new, &client(&desk)).await?;
    Ok(Next::Go("/login?done=password_reset".to_owned()))
}

/// Goes back to the account, which says what was done.
fn done<T>(desk: &Desk, done: AccountDone) -> Next<T> {
    tell(desk, "/account".to_owned(), Told::Account(done))
}
