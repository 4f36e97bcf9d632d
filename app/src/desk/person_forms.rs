//! What the forms about people do: sign-in, sign-out, the first owner.

use domain::refusal::Refusal;
use secrecy::ExposeSecret;
use service::ClientInfo;
use service::setup::NewPerson;
use service::sign_in::{Entry, SignIn, SignedIn};

use super::context::Desk;
use super::session_cookie::Cookie;
use crate::addresses::with_query;
use crate::error::ConsoleError;
use crate::forms::outcome::Next;
use crate::forms::person::{CodeForm, NEXT, Nothing, SetupForm, SignInForm};
use crate::forms::proof::Proof;

pub async fn sign_in(desk: Desk, form: SignInForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    if !form.passkey.is_empty() {
        let signed_in = desk.service().sign_in_with_passkey(&form.passkey, &client(&desk)).await?;
        return Ok(enter(&desk, &signed_in, own_address(&form.next)));
    }
    let sign_in = SignIn { email: form.email, password: form.password };
    match desk.service().sign_in(sign_in, &client(&desk)).await? {
        Entry::Session(signed_in) => Ok(enter(&desk, &signed_in, own_address(&form.next))),
        Entry::Code { step } => {
            let cookie = Cookie::Step.set(desk.visit.transport, desk.console.port, step.expose_secret());
            Ok(Next::GoWithCookies(code_address(own_address(&form.next)), vec![cookie]))
        }
    }
}

/// Goes on with a sign-in whose password was right.
pub async fn finish_sign_in(desk: Desk, form: CodeForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let step = desk.visit.step.as_ref().ok_or(Refusal::SignInOver).map_err(ConsoleError::Refused)?;
    let (step, code) = (step.expose_secret(), form.code.expose_secret());
    let signed_in = if form.passkey.is_empty() {
        desk.service().finish_sign_in(step, code, &client(&desk)).await?
    } else {
        desk.service().finish_with_passkey(step, &form.passkey, &client(&desk)).await?
    };
    let Next::GoWithCookies(to, mut cookies) = enter(&desk, &signed_in, own_address(&form.next)) else {
        return Err(ConsoleError::Unavailable);
    };
    cookies.push(Cookie::Step.remove(desk.visit.transport, desk.console.port));
    Ok(Next::GoWithCookies(to, cookies))
}

/// The page that asks for the code, and then leads to `next`.
pub(super) fn code_address(next: &str) -> String {
    if next == "/" {
        return "/login/code".to_owned();
    }
    let next = form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    with_query("/login/code", &format!("{NEXT}={next}"))
}

pub async fn set_up(desk: Desk, form: SetupForm) -> Result<Next<()>, ConsoleError> {
    if !desk.visit.may_sign_in(&desk.console) {
        return Err(ConsoleError::Refused(Refusal::Forbidden));
    }
    let person = NewPerson { name: form.name, email: form.email, password: form.password };
    let signed_in = desk.service().first_owner(&form.token, person, &client(&desk)).await?;
    Ok(enter(&desk, &signed_in, "/"))
}

pub async fn sign_out(desk: Desk, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    if let Some(session) = &desk.visit.session {
        desk.service().sign_out(session, desk.visit.address).await?;
    }
    let removed = Cookie::Session.remove(desk.visit.transport, desk.console.port);
    Ok(Next::GoWithCookies("/login?done=signed_out".to_owned(), vec![removed]))
}

/// Checks a proof that came with a form. The form's act then runs in a session that has it.
pub(super) async fn prove(desk: &mut Desk, proof: &Proof) -> Result<(), ConsoleError> {
    let (service, session, client) = (desk.service(), desk.session()?, client(desk));
    let session = match &proof.password {
        _ if !proof.passkey.is_empty() => service.prove_again_by_passkey(session, &proof.passkey, &client).await?,
        Some(password) => service.prove_again(session, password, &client).await?,
        // Whoever has no password signs in anew. The act finds out whether they did.
        None => return Ok(()),
    };
    desk.visit.session = Some(session);
    Ok(())
}

pub(super) fn client(desk: &Desk) -> ClientInfo {
    ClientInfo {
        address: desk.visit.address,
        user_agent: desk.visit.user_agent.clone(),
        device: desk.visit.device.clone(),
        first_try: desk.visit.first_try,
        session: desk.visit.session.clone(),
        form: desk.form_id.clone(),
    }
}

fn enter(desk: &Desk, signed_in: &SignedIn, to: &str) -> Next<()> {
    Next::GoWithCookies(to.to_owned(), entered(desk, signed_in).to_vec())
}

/// The cookies of a new session.
pub(super) fn entered(desk: &Desk, signed_in: &SignedIn) -> [String; 2] {
    let (transport, port) = (desk.visit.transport, desk.console.port);
    let session = Cookie::Session.set(transport, port, signed_in.cookie.expose_secret());
    [session, Cookie::Device.set(transport, port, signed_in.device.expose_secret())]
}

/// `next` comes from the address bar, so only an address of this console is accepted.
pub(super) fn own_address(next: &str) -> &str {
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && next.starts_with('/') && !next.starts_with("//") { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::own_address;

    #[test]
    fn only_addresses_of_this_console_are_followed() {
        assert_eq!(own_address("/keys?kind=service"), "/keys?kind=service");
        for elsewhere in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "keys"] {
            assert_eq!(own_address(elsewhere), "/", "{elsewhere:?}");
        }
    }
}
