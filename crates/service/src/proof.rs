//! Somebody who is signed in proves again who they are, before what must not be done in a session that was left open.

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::Field,
    passkey::PasskeyUse,
    refusal::Refusal,
};
use secrecy::SecretString;
use store::Tx;

use crate::{ClientInfo, Error, Result, Service, service::event, sessions::Session};

impl Service {
    /// Checks the password of somebody who is signed in. Returns the session, which has a fresh proof from now on. A wrong
    /// one is `Invalid` at the field `ProofPassword`, and counts like one at sign-in.
    pub async fn prove_again(
        &self,
        session: &Session,
        password: &SecretString,
        client: &ClientInfo,
    ) -> Result<Session> {
        let proven = self.prove(session, password, Field::ProofPassword, client).await?;
        let work = async |tx: &mut Tx| {
            self.accept(tx, &proven).await?;
            self.note_proof(tx, session, client, None).await
        };
        self.write(work).await?;
        Ok(self.proved(session))
    }

    /// The same with a passkey.
    pub async fn prove_again_by_passkey(
        &self,
        session: &Session,
        answer: &str,
        client: &ClientInfo,
    ) -> Result<Session> {
        let used = self.judge_passkey(PasskeyUse::Prove, Some(&session.person.id), answer, client).await?;
        let work = async |tx: &mut Tx| {
            self.accept_passkey(tx, &used).await?;
            self.note_proof(tx, session, client, Some(used.note())).await
        };
        self.write(work).await?;
        Ok(self.proved(session))
    }

    /// Notes and records a proof. `NoSession` if the session has ended meanwhile.
    pub(crate) async fn note_proof(
        &self,
        tx: &mut Tx,
        session: &Session,
        client: &ClientInfo,
        note: Option<String>,
    ) -> Result<()> {
        if !tx.set_session_proved(&session.id_mac, self.now()).await? {
            return Err(Refusal::NoSession.into());
        }
        let subject = Subject::person(&session.person.id, &session.person.email);
        let event = event(&session.caller(client.address), self.now(), Action::ProvedAgain, subject);
        self.record(tx, AuditEvent { note, ..event }).await?;
        Ok::<_, Error>(())
    }

    pub(crate) fn proved(&self, session: &Session) -> Session {
        Session { password_checked_at: self.now(), ..session.clone() }
    }
}
