//! Inviting people. An invite is a one-use link: whoever opens it sets a name and a password, and can sign in then.

use domain::{
    audit::{Action, AuditEvent, Change, Subject},
    field::{Field, FieldErrors},
    grant::{self, KeyGrant},
    ids::{AppId, KeyId, PersonId},
    invite::{EXPIRED_KEPT, INVITE_FOR, INVITES_MAX, Invite, InviteDraft, InviteSpec},
    key::KeyDetail,
    proof::Guarded,
    refusal::Refusal,
    role::{Act, Rights, Role},
    shown_once::ShownOnce,
    sight::Scope,
    text,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, StoreError, Tx, Unique};

use crate::{
    Caller, ClientInfo, Error, Result, Service, entropy,
    people::{change, grantable, sees, shares},
    person_apps::{app_words, may_give},
    service::event,
    sessions::Person,
};

/// The purpose of an invite's link.
const INVITE: &str = "invite";

/// Why an e-mail cannot be invited, without a word about whom the caller does not see.
const NOT_NOW: &str = "You cannot invite this e-mail now. Ask an owner.";

/// An invite with the token of its link, which nobody sees again.
#[derive(Debug)]
pub struct Invited {
    /// The invite.
    pub invite: Invite,
    /// The last part of the link's address.
    pub token: SecretString,
}

/// An invite as somebody sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteSeen {
    /// The invite, with those of its apps and keys that they see.
    pub invite: Invite,
    /// Whether they may send it again and revoke it.
    pub managed: bool,
}

/// What somebody who was invited sends.
#[derive(Debug)]
pub struct Acceptance {
    /// The name, as typed.
    pub name: String,
    /// The password, as typed.
    pub password: SecretString,
}

impl Service {
    /// The invites that wait, the latest first, without those to apps that are all out of the caller's sight.
    pub async fn invites(&self, caller: &Caller) -> Result<Vec<InviteSeen>> {
        caller.may(Act::SeePeople)?;
        let mut seen = Vec::new();
        for invite in self.store().invites().await? {
            if self.sees_invite(caller, &invite).await? {
                seen.push(self.seen(caller, invite).await?);
            }
        }
        Ok(seen)
    }

    async fn seen(&self, caller: &Caller, mut invite: Invite) -> Result<InviteSeen> {
        let managed = may_manage(caller, &invite).is_ok();
        if invite.apps != Scope::All {
            invite.apps = invite.apps.and(caller.people_of());
        }
        let maker = KeyId::parse(&invite.made_by.0);
        let named: Vec<_> = keys_of(&invite).into_iter().chain(maker).collect();
        // Seeing people is one right, and seeing their keys another.
        let may_see = !named.is_empty() && caller.may(Act::SeeKeys).is_ok();
        let keys = if may_see { self.some_keys(caller, &named).await? } else { Vec::new() };
        let sees = |id: &KeyId| keys.iter().any(|key| key.id == *id);
        invite.keys.retain(|grant| sees(&grant.key));
        if maker.is_some_and(|maker| !sees(&maker)) {
            "A key".clone_into(&mut invite.made_by.1);
        }
        Ok(InviteSeen { invite, managed })
    }

    async fn sees_invite(&self, caller: &Caller, invite: &Invite) -> Result<bool> {
        if *caller.people_of() == Scope::All {
            return Ok(true);
        }
        let granted = self.store().apps_of_keys(&keys_of(invite)).await?;
        Ok(shares(caller, invite.role, &invite.apps, &granted))
    }

    /// One of them; `InviteGone` if it no longer waits.
    pub async fn invite_by_id(&self, caller: &Caller, id: &PersonId) -> Result<InviteSeen> {
        caller.may(Act::SeePeople)?;
        let invite = self.store().invite(id).await?.ok_or(Refusal::InviteGone)?;
        if self.sees_invite(caller, &invite).await? {
            self.seen(caller, invite).await
        } else {
            Err(Refusal::InviteGone.into())
        }
    }

    /// Invites somebody, once for each form. `Forbidden` for a role that the caller may not give.
    pub async fn invite(&self, caller: &Caller, draft: &InviteDraft) -> Result<Invited> {
        caller.may(Act::ManageGuests)?;
        let now = self.now();
        let InviteSpec { name, email, role, apps, keys, access_ends_at } = draft.check(now)?;
        caller.may(role.managed_with())?;
        caller.proved_for(Guarded::Invite(role), now)?;
        let actor = caller.actor();
        let invite = Invite {
            id: PersonId::from_random(entropy::bytes(self.entropy())?),
            email,
            name,
            role,
            apps,
            keys,
            access_ends_at,
            made_by: (actor.id().to_owned(), actor.label()),
            created_at: now,
            expires_at: now.plus(INVITE_FOR),
        };
        let work = async |tx: &mut Tx| {
            self.make_once(tx, caller.form(), ShownOnce::InviteLink).await?;
            // Whoever is out of sight is told only to whoever opens the link, who has the e-mail.
            if let Some(person) = tx.person_by_email(&invite.email).await?
                && sees(tx, caller, &person).await?
            {
                return Err(wrong_email("Somebody already uses this e-mail."));
            }
            let waiting = tx.invites().await?;
            if let Some(other) = waiting.iter().find(|other| other.email == invite.email) {
                let granted = tx.apps_of_keys(&keys_of(other)).await?;
                let seen = caller.may(Act::SeePeople).is_ok() && shares(caller, other.role, &other.apps, &granted);
                return Err(wrong_email(if seen {
                    "An invite for this e-mail is waiting. Send that one again, or revoke it first."
                } else {
                    NOT_NOW
                }));
            }
            room_for_another(tx, caller, now).await?;
            may_give(tx, caller, &invite.apps).await?;
            grantable(tx, caller, &invite.apps, &invite.keys, &[]).await?;
            tx.insert_invite(&invite).await.map_err(|error| match error {
                // Somebody else was quicker.
                StoreError::Conflict(Unique::InviteEmail) => wrong_email(NOT_NOW),
                error => error.into(),
            })?;
            let (token, link) = self.new_link(INVITE, invite.id.as_str(), now, invite.expires_at)?;
            tx.insert_link(&link).await?;
            let changes = told(tx, &invite).await?;
            let event = AuditEvent { changes, ..self.invite_event(caller, Action::PersonInvited, &invite) };
            self.record(tx, event).await?;
            Ok::<_, Error>(token)
        };
        let token = self.write(work).await?;
        Ok(Invited { invite, token })
    }

    /// Gives an invite a new link for another 7 days, in the caller's name, once for each form. The old link no longer works.
    pub async fn renew_invite(&self, caller: &Caller, id: &PersonId) -> Result<Invited> {
        caller.may(Act::ManageGuests)?;
        let now = self.now();
        let work = async |tx: &mut Tx| {
            let mut invite = self.managed_invite(tx, caller, id).await?;
            caller.proved_for(Guarded::Invite(invite.role), now)?;
            self.make_once(tx, caller.form(), ShownOnce::InviteLink).await?;
            if invite.made_by.0 != caller.actor().id() || invite.expires_at <= now {
                room_for_another(tx, caller, now).await?;
            }
            // Nobody gets those that are gone.
            let there = tx.key_details(&keys_of(&invite)).await?;
            let is_there = |grant: &&KeyGrant| there.iter().any(|key| key.row.id == grant.key);
            let keys: Vec<_> = invite.keys.iter().filter(is_there).cloned().collect();
            // Whoever renews it has named none of them.
            grantable(tx, caller, &invite.apps, &keys, &[]).await.map_err(at_no_item)?;
            invite.made_by = (caller.actor().id().to_owned(), caller.actor().label());
            invite.expires_at = now.plus(INVITE_FOR);
            tx.renew_invite(id, (&invite.made_by.0, &invite.made_by.1), invite.expires_at).await?;
            tx.revoke_links_of(INVITE, id.as_str()).await?;
            let (token, link) = self.new_link(INVITE, id.as_str(), now, invite.expires_at)?;
            tx.insert_link(&link).await?;
            self.record(tx, self.invite_event(caller, Action::InviteRenewed, &invite)).await?;
            Ok::<_, Error>(Invited { invite, token })
        };
        self.write(work).await
    }

    /// Revokes an invite. Its link no longer works.
    pub async fn revoke_invite(&self, caller: &Caller, id: &PersonId) -> Result<()> {
        caller.may(Act::ManageGuests)?;
        let work = async |tx: &mut Tx| {
            let invite = self.managed_invite(tx, caller, id).await?;
            self.take_back(tx, caller, &invite).await
        };
        self.write(work).await
    }

    /// Revokes the invites that a person sent, and may not send in this role and with these apps; all of them without a role.
    /// Otherwise a link of somebody who was taken out would let them in again.
    pub(crate) async fn revoke_invites_of(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        person: &PersonId,
        sees: Option<(Role, &Scope<AppId>)>,
    ) -> Result<()> {
        let may = |invite: &Invite| {
            sees.is_some_and(|(role, apps)| {
                Rights::of_role(role).may(invite.role.managed_with()) && apps.covers(&invite.apps)
            })
        };
        for invite in tx.invites().await? {
            if invite.made_by.0 == person.as_str() && !may(&invite) {
                self.take_back(tx, caller, &invite).await?;
            }
        }
        Ok(())
    }

    async fn take_back(&self, tx: &mut Tx, caller: &Caller, invite: &Invite) -> Result<()> {
        tx.revoke_links_of(INVITE, invite.id.as_str()).await?;
        tx.delete_invite(&invite.id).await?;
        Ok(self.record(tx, self.invite_event(caller, Action::InviteRevoked, invite)).await?)
    }

    /// The invite of a link; `None` for one that is unknown, used, revoked or expired, with the same work, and for one whose
    /// sender could not send it now. Looking uses nothing up.
    pub async fn invite_by_token(&self, token: &str) -> Result<Option<Invite>> {
        let mac = self.keyring().link_mac(INVITE, token);
        let Some(invite) = self.store().invite_by_link(&mac, INVITE, self.now()).await? else { return Ok(None) };
        let sender = self.link_maker(&invite.made_by.0).await?;
        let keys = self.store().key_details(&keys_of(&invite)).await?;
        Ok(Some(invite).filter(|invite| sender.is_some_and(|sender| may_send(&sender, invite, &keys))))
    }

    /// Whether whoever sent an invite could send it now.
    pub(crate) async fn still_counts(&self, tx: &mut Tx, invite: &Invite) -> Result<bool> {
        let sender = self.link_maker_in(tx, &invite.made_by.0).await?;
        let keys = tx.key_details(&keys_of(invite)).await?;
        Ok(sender.is_some_and(|sender| may_send(&sender, invite, &keys)))
    }

    /// Makes a person of an invite, who can sign in then. Of several at once, one succeeds. `LinkInvalid` if the link
    /// does not work.
    pub async fn accept_invite(&self, token: &str, sent: Acceptance, client: &ClientInfo) -> Result<Person> {
        // Before hashing the password: the page is open to everybody.
        let Some(invite) = self.invite_by_token(token).await? else { return Err(Refusal::LinkInvalid.into()) };
        let mut errors = FieldErrors::default();
        let name = errors.keep(Field::PersonName, text::person_name(&sent.name));
        let inputs = [sent.name.as_str(), invite.email.as_str()];
        let password =
            errors.keep(Field::Password, text::password(sent.password.expose_secret(), &inputs, text::PASSWORD_MIN));
        let (Some(name), Some(password)) = (name, password) else { return Err(errors.into()) };
        let password_hash = self.passwords().hash(password.into(), entropy::bytes(self.entropy())?).await?;
        let mac = self.keyring().link_mac(INVITE, token);
        let work = async |tx: &mut Tx| {
            let now = self.now();
            if tx.consume_link(&mac, INVITE, now).await?.is_none() {
                return Err(Refusal::LinkInvalid.into());
            }
            let Some(invite) = tx.invite(&invite.id).await? else { return Err(Refusal::LinkInvalid.into()) };
            if !self.still_counts(tx, &invite).await? {
                return Err(Refusal::LinkInvalid.into());
            }
            let row = PersonRow {
                id: invite.id,
                email: invite.email.clone(),
                name,
                role: invite.role,
                password_hash,
                created_at: now,
                disabled: false,
                access_ends_at: invite.access_ends_at,
                apps: invite.apps.clone(),
            };
            self.join_by_invite(tx, &invite, &row, None, client).await?;
            Ok::<_, Error>(Person::from(row))
        };
        self.write(work).await
    }

    /// Adds whoever was invited, and uses the invite up. `by` says by which provider they came, if by one.
    pub(crate) async fn join_by_invite(
        &self,
        tx: &mut Tx,
        invite: &Invite,
        row: &PersonRow,
        by: Option<&str>,
        client: &ClientInfo,
    ) -> Result<()> {
        self.insert_person(tx, row).await?;
        let keys = if row.role == Role::Guest { &*invite.keys } else { &[] };
        tx.set_key_grants(&row.id, keys).await?;
        tx.delete_invite(&invite.id).await?;
        tx.revoke_links_of(INVITE, invite.id.as_str()).await?;
        tx.forget_removed(&self.keyring().email_mac(&row.email)).await?;
        let caller = Caller::person(&Person::from(row.clone()), self.now(), client.address);
        let came = by.map(|by| format!(". {by}")).unwrap_or_default();
        // A provider may say another role than the invite.
        let came_as = Invite {
            name: row.name.clone(),
            role: row.role,
            apps: row.apps.clone(),
            keys: keys.to_vec(),
            access_ends_at: row.access_ends_at,
            ..invite.clone()
        };
        let (changes, note) = (told(tx, &came_as).await?, Some(format!("Invited by {}{came}", invite.made_by.1)));
        let event = event(&caller, self.now(), Action::PersonCreated, Subject::person(&row.id, &row.email));
        Ok(self.record(tx, AuditEvent { changes, note, ..event }).await?)
    }

    /// The invite as the transaction sees it, if the caller may invite people to its role and its apps.
    async fn managed_invite(&self, tx: &mut Tx, caller: &Caller, id: &PersonId) -> Result<Invite> {
        let invite = tx.invite(id).await?.ok_or(Refusal::InviteGone)?;
        if !shares(caller, invite.role, &invite.apps, &tx.apps_of_keys(&keys_of(&invite)).await?) {
            return Err(Refusal::InviteGone.into());
        }
        may_manage(caller, &invite)?;
        Ok(invite)
    }

    fn invite_event(&self, caller: &Caller, action: Action, invite: &Invite) -> AuditEvent {
        event(caller, self.now(), action, Subject::person(&invite.id, &invite.email))
    }
}

/// Whether somebody may send this invite again and revoke it.
fn may_manage(caller: &Caller, invite: &Invite) -> Result<(), Refusal> {
    caller.may(Act::ManageGuests)?;
    caller.may(invite.role.managed_with())?;
    if caller.people_of().covers(&invite.apps) { Ok(()) } else { Err(Refusal::Forbidden) }
}

/// Refuses another invite that waits in the caller's name. Each sender has a number of their own: nobody keeps the others
/// from theirs.
async fn room_for_another(tx: &mut Tx, caller: &Caller, now: Timestamp) -> Result<()> {
    if tx.invites_waiting_of(caller.actor().id(), now).await? < INVITES_MAX {
        return Ok(());
    }
    Err(Refusal::TooManyInvites { most: INVITES_MAX }.into())
}

/// Invites whose link had expired by this time are no longer kept.
pub(crate) fn long_over(now: Timestamp) -> Timestamp {
    now.plus(Millis(-EXPIRED_KEPT.0))
}

/// The keys that an invite to a guest names.
fn keys_of(invite: &Invite) -> Vec<KeyId> {
    invite.keys.iter().map(|grant| grant.key).collect()
}

/// Whether somebody may invite to this role, these apps and these keys. Those that are gone do not count: nobody gets them.
fn may_send(sender: &Caller, invite: &Invite, keys: &[KeyDetail]) -> bool {
    let may_grant = |key: &KeyDetail| {
        let rights = sender.rights_on(&key.row);
        let mut acts = invite.keys.iter().filter(|grant| grant.key == key.row.id).flat_map(|grant| &grant.acts);
        sender.may_see(key).is_ok() && acts.all(|act| rights.may(act.act()))
    };
    sender.may(invite.role.managed_with()).is_ok()
        && sender.people_of().covers(&invite.apps)
        && keys.iter().all(may_grant)
}

/// The same errors, each about its whole field.
fn at_no_item(error: Error) -> Error {
    let Error::Refused(Refusal::Invalid(mut errors)) = error else { return error };
    for error in &mut errors.0 {
        error.item = None;
    }
    errors.into()
}

/// What the record says of an invite.
async fn told(tx: &mut Tx, invite: &Invite) -> Result<Vec<Change>> {
    let end = invite.access_ends_at.map(Timestamp::to_rfc3339);
    let told = [
        (Field::PersonName, Some(invite.name.clone())),
        (Field::Role, Some(invite.role.as_str().to_owned())),
        (Field::Apps, app_words(tx, &invite.apps).await?),
        (Field::Keys, grant::to_record(&invite.keys)),
        (Field::AccessEndsAt, end),
    ];
    Ok(told.into_iter().filter_map(|(field, to)| Some(change(field, None, Some(&to?)))).collect())
}

fn wrong_email(message: &str) -> Error {
    FieldErrors::one(Field::Email, message).into()
}
