//! The first owner, created with a one-use link or at the server's shell, and help for owners who are locked out.

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    ids::PersonId,
    refusal::Refusal,
    role::{Act, Role},
    sight::Scope,
    text,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service, entropy, reset::replace_password, service::event, sessions::Person,
    sign_in::SignedIn,
};

/// How long the set-up link works.
const LINK_FOR: Millis = Millis::hours(1);

/// The purpose of the set-up link's row.
const SETUP: &str = "setup";

/// What `/setup` may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupDoor {
    /// The form, because the link works.
    Open,
    /// There is no owner yet, but the link is missing, used, replaced or expired.
    LinkNeeded,
    /// An owner exists, so there is nothing to show.
    Done,
}

/// A person to add.
#[derive(Debug)]
pub struct NewPerson {
    /// The person's name.
    pub name: String,
    /// The person's e-mail, as typed.
    pub email: String,
    /// The person's password, as typed.
    pub password: SecretString,
}

/// An owner with a new password.
#[derive(Debug)]
pub struct Recovered {
    /// The owner.
    pub person: Person,
    /// Whether there was a second factor, which is now removed.
    pub had_factor: bool,
}

/// A person whose fields are right, with the password hashed.
struct Checked {
    person: Person,
    row: PersonRow,
}

impl Service {
    /// The token of a new set-up link, which replaces earlier ones, and when it was made; `None` once an owner exists.
    pub async fn setup_link(&self) -> Result<Option<(SecretString, Timestamp)>> {
        let made = async |tx: &mut Tx| {
            if tx.owners_exist().await? {
                return Ok(None);
            }
            // Not before its turn: of several servers that start at once, the last one's link holds.
            let now = self.now();
            let (token, link) = self.new_link(SETUP, "", now, now.plus(LINK_FOR))?;
            tx.revoke_links(SETUP).await?;
            tx.insert_link(&link).await?;
            let event = event(&Caller::system(None), now, Action::SetupLinkMade, Subject::instance());
            self.record(tx, event).await?;
            Ok::<_, Error>(Some((token, now)))
        };
        self.write(made).await
    }

    /// What `/setup` may show to a visitor with this token.
    pub async fn setup_door(&self, token: &str) -> Result<SetupDoor> {
        if self.store().owners_exist().await? {
            return Ok(SetupDoor::Done);
        }
        let mac = self.keyring().link_mac(SETUP, token);
        let link = self.store().live_link(&mac, SETUP, self.now()).await?;
        Ok(if link.is_some() { SetupDoor::Open } else { SetupDoor::LinkNeeded })
    }

    /// Creates the first owner with a set-up link, and signs the owner in. `LinkInvalid` if the link does not work.
    pub async fn first_owner(&self, token: &str, person: NewPerson, client: &ClientInfo) -> Result<SignedIn> {
        // Check the link before hashing the password: until then, the page is open to everybody.
        match self.setup_door(token).await? {
            SetupDoor::Open => {}
            SetupDoor::LinkNeeded => return Err(Refusal::LinkInvalid.into()),
            SetupDoor::Done => return Err(Refusal::NotFound.into()),
        }
        let Checked { person, row } = self.check_owner(person).await?;
        let (cookie, session) = self.new_session(&person.id, client)?;
        let mac = self.keyring().link_mac(SETUP, token);
        let now = self.now();
        let caller = Caller::person(&person, now, client.address);
        let subject = Subject::person(&person.id, &person.email);
        let created = event(&caller, now, Action::PersonCreated, subject.clone());
        let started = event(&caller, now, Action::SessionStarted, subject);
        let make = async |tx: &mut Tx| {
            if tx.owners_exist().await? {
                return Err(Refusal::NotFound.into());
            }
            if tx.consume_link(&mac, SETUP, now).await?.is_none() {
                return Err(Refusal::LinkInvalid.into());
            }
            self.insert_person(tx, &row).await?;
            self.record(tx, created).await?;
            tx.insert_session(&session).await?;
            tx.set_signed_in(&row.id, now).await?;
            self.record(tx, started).await?;
            Ok::<_, Error>(())
        };
        self.write(make).await?;
        let device = self.device_cookie(&person.id, None)?;
        Ok(SignedIn { cookie, device, person })
    }

    /// Creates an owner, and removes all set-up links. `EmailTaken` if somebody uses the e-mail.
    pub async fn create_owner(&self, caller: &Caller, person: NewPerson) -> Result<Person> {
        caller.may(Act::ManageOwners)?;
        let Checked { person, row } = self.check_owner(person).await?;
        let subject = Subject::person(&person.id, &person.email);
        let event = event(caller, self.now(), Action::PersonCreated, subject);
        let make = async |tx: &mut Tx| {
            tx.revoke_links(SETUP).await?;
            self.insert_person(tx, &row).await?;
            self.record(tx, event).await?;
            Ok::<_, Error>(())
        };
        self.write(make).await?;
        Ok(person)
    }

    /// Sets an owner's new password, removes the second factor, and ends the owner's sessions and waiting time.
    /// `NotFound` if no owner has this e-mail.
    pub async fn recover_owner(&self, caller: &Caller, email: &str, password: &SecretString) -> Result<Recovered> {
        caller.may(Act::ManageOwners)?;
        let owner = self.owner(email).await?;
        let inputs = [owner.name.as_str(), owner.email.as_str()];
        let password = text::password(password.expose_secret(), &inputs, text::PASSWORD_MIN)
            .map_err(|message| FieldErrors::one(Field::Password, message))?;
        let salt = entropy::bytes(self.entropy())?;
        let hash = self.passwords().hash(password.into(), salt).await?;
        let subject = Subject::person(&owner.id, &owner.email);
        let event = event(caller, self.now(), Action::PersonRecovered, subject);
        let email_mac = self.keyring().email_mac(&owner.email);
        let recover = async |tx: &mut Tx| {
            replace_password(tx, &owner.id, &hash).await?;
            tx.delete_sessions_of(&owner.id).await?;
            tx.clear_sign_in_failures(&email_mac).await?;
            let had_factor = tx.delete_second_factors(&owner.id).await?;
            let note = had_factor.then(|| "The second factor was removed".to_owned());
            self.record(tx, AuditEvent { note, ..event }).await?;
            Ok::<_, Error>(had_factor)
        };
        let had_factor = self.write(recover).await?;
        Ok(Recovered { person: owner, had_factor })
    }

    /// Ends an owner's waiting time after failed sign-ins. `NotFound` if no owner has this e-mail.
    pub async fn unlock_owner(&self, caller: &Caller, email: &str) -> Result<Person> {
        caller.may(Act::ManageOwners)?;
        let owner = self.owner(email).await?;
        let subject = Subject::person(&owner.id, &owner.email);
        let event = event(caller, self.now(), Action::PersonUnlocked, subject);
        let email_mac = self.keyring().email_mac(&owner.email);
        let unlock = async |tx: &mut Tx| {
            tx.clear_sign_in_failures(&email_mac).await?;
            self.record(tx, event).await
        };
        self.write(unlock).await?;
        Ok(owner)
    }

    async fn owner(&self, email: &str) -> Result<Person> {
        let email = text::email(email).map_err(|message| FieldErrors::one(Field::Email, message))?;
        let person = self.store().person_by_email(&email).await?;
        let owner = person.filter(|person| person.role == Role::Owner);
        owner.map(Person::from).ok_or_else(|| Refusal::NotFound.into())
    }

    async fn check_owner(&self, person: NewPerson) -> Result<Checked> {
        let mut errors = FieldErrors::default();
        let name = errors.keep(Field::PersonName, text::person_name(&person.name));
        let email = errors.keep(Field::Email, text::email(&person.email));
        let inputs = [person.name.as_str(), person.email.as_str()];
        let password = text::password(person.password.expose_secret(), &inputs, text::PASSWORD_MIN);
        let password = errors.keep(Field::Password, password);
        let (Some(name), Some(email), Some(password)) = (name, email, password) else {
            return Err(errors.into());
        };
        let salt = entropy::bytes(self.entropy())?;
        let password_hash = self.passwords().hash(password.into(), salt).await?;
        let row = PersonRow {
            id: PersonId::from_random(entropy::bytes(self.entropy())?),
            email,
            name,
            role: Role::Owner,
            password_hash,
            created_at: self.now(),
            disabled: false,
            access_ends_at: None,
            apps: Scope::All,
        };
        let person = row.clone().into();
        Ok(Checked { person, row })
    }
}
