//! The API KEY of an app: what its pages read, and what their forms do.

use domain::app::App;
use domain::member_key::MemberKeyRow;
use domain::refusal::Refusal;
use domain::role::Act;
use secrecy::SecretString;

use super::apps::app_id;
use super::context::Desk;
use super::rooms::allowed;
use crate::error::ConsoleError;
use crate::forms::member_key::{MemberKeyForm, ReissueForm};
use crate::forms::outcome::Next;

/// The API KEY of an app as the visitor sees it.
#[derive(Debug)]
pub struct MemberKeyView {
    pub app: App,
    pub key: MemberKeyRow,
    /// Whether the visitor may reveal and re-issue it.
    pub reveals: bool,
    /// Whether there are several apps.
    pub has_apps: bool,
    /// The other apps, if none was chosen.
    pub others: Vec<App>,
}

/// What a page may show of it.
#[derive(Debug)]
pub enum MemberKeyDoor {
    Open(Box<MemberKeyView>),
    /// An app must be chosen first.
    Choose,
    /// The visitor sees nothing of it.
    Hidden,
}

/// The API KEY of this app, or, if none is named, of the one that the pages are about.
pub async fn read_member_key(named: &str) -> Result<MemberKeyDoor, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = desk.caller()?;
    if !caller.rights().may(Act::SeeRooms) {
        return Ok(MemberKeyDoor::Hidden);
    }
    let view = desk.apps().await?;
    let has_apps = view.is_shown();
    let app = match named {
        "" => view.one,
        named => Some(desk.service().app(&caller, &app_id(named)?).await?),
    };
    let Some(app) = app else { return Ok(MemberKeyDoor::Choose) };
    let key = desk.service().member_key(&caller, &app.id).await?;
    let reveals = caller.rights().may(Act::RevealMemberKey);
    Ok(MemberKeyDoor::Open(Box::new(MemberKeyView { app, key, reveals, has_apps, others: Vec::new() })))
}

/// The same for the dashboard: of the first app that there was if none is named or chosen, with the others to look at. Where
/// there are more apps than can be chosen from, one has to be chosen.
pub async fn read_first_member_key(named: &str) -> Result<MemberKeyDoor, ConsoleError> {
    let view = Desk::from_context()?.apps().await?;
    let first = view.choices.iter().min_by_key(|app| (app.created_at, app.id)).filter(|_| !view.more);
    let first = first.map(|app| app.id.to_string());
    let asked = match (named, &view.one, first) {
        ("", None, Some(first)) => first,
        (named, ..) => named.to_owned(),
    };
    let door = read_member_key(&asked).await?;
    Ok(match door {
        MemberKeyDoor::Open(mut open) if view.one.is_none() => {
            let shown = open.app.id;
            open.others = view.choices.into_iter().filter(|app| app.id != shown).collect();
            MemberKeyDoor::Open(open)
        }
        door => door,
    })
}

/// The API KEY of this app, if the visitor may issue it again.
pub async fn read_key_to_reissue(named: &str) -> Result<MemberKeyView, ConsoleError> {
    allowed(&Desk::from_context()?, Act::RevealMemberKey)?;
    match read_member_key(named).await? {
        MemberKeyDoor::Open(view) => Ok(*view),
        MemberKeyDoor::Choose | MemberKeyDoor::Hidden => Err(ConsoleError::Refused(Refusal::AppNotFound)),
    }
}

/// Shows the whole API KEY, on record.
pub async fn reveal(desk: Desk, form: MemberKeyForm) -> Result<Next<SecretString>, ConsoleError> {
    let caller = allowed(&desk, Act::RevealMemberKey)?;
    Ok(Next::Show(desk.service().reveal_member_key(&caller, &app_id(&form.app)?).await?))
}

/// Issues another API KEY, once for each form, and shows it.
pub async fn reissue(desk: Desk, form: ReissueForm) -> Result<Next<SecretString>, ConsoleError> {
    let caller = allowed(&desk, Act::RevealMemberKey)?;
    Ok(Next::Show(desk.service().reissue_member_key(&caller, &app_id(&form.app)?, &form.form_id).await?))
}
