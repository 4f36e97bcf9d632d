//! The parts of the service, as its use cases take them.

use std::{sync::Arc, time::Instant};

use domain::{ids::AppId, timestamp::Timestamp};
use store::Store;
use tokio_util::task::TaskTracker;

use super::{PagesOfKeys, Service};
use crate::{
    ceremony::{RelyingParty, StrangersChallenges},
    chat::{attachments::Files, live::Live, writer::MessageWork},
    deliveries::Outbox,
    entropy::Entropy,
    events::{live::EventLive, writer::EventWork},
    key_details::Details,
    keyring::Keyring,
    keys::issuing::IssueWork,
    mail::Mailer,
    metrics::Metrics,
    nodes::Membership,
    passwords::Passwords,
    progress::Progress,
    provider_sign_in::Refusals,
    provider_turns::ProviderTurns,
    providers::Provider,
    reader::{Apps, Reader},
    readiness::Writer,
    streams::Streams,
    together::Queue,
    turns::Turns,
    verify::Verifier,
};

impl Service {
    /// Says where files of rooms are kept, and how large they may be, once that is known. Until then, they are in the
    /// database.
    pub fn keeps_files(&self, files: Files) {
        // The settings of a server do not change.
        let _ = self.0.files.set(files);
    }

    pub(crate) fn files(&self) -> &Files {
        self.0.files.get_or_init(Files::default)
    }

    /// Who watches which room.
    pub(crate) fn live(&self) -> &Arc<Live> {
        &self.0.live
    }

    /// Who sends what webhooks are told.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.0.outbox
    }

    pub(crate) fn messages_writer(&self) -> &Queue<MessageWork> {
        &self.0.messages
    }

    /// Who watches the events of which integration.
    pub(crate) fn event_live(&self) -> &EventLive {
        &self.0.event_live
    }

    pub(crate) fn event_writer(&self) -> &Queue<EventWork> {
        &self.0.events
    }

    pub(crate) fn key_writer(&self) -> &Queue<IssueWork> {
        &self.0.keys
    }

    /// This node among the others.
    pub(crate) fn membership(&self) -> &Membership {
        &self.0.membership
    }

    /// Says where people reach the console, once that is known. Until then, and at an IP address, there are no passkeys.
    pub fn serves_at(&self, public_url: &str) {
        if let Some(site) = RelyingParty::at(public_url) {
            // The address of a server does not change.
            let _ = self.0.relying_party.set(site);
        }
    }

    pub(crate) fn relying_party(&self) -> Option<&RelyingParty> {
        self.0.relying_party.get()
    }

    /// What was last seen of the database's writer.
    pub(crate) fn writer(&self) -> &tokio::sync::Mutex<Writer> {
        &self.0.writer
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.0.progress
    }

    /// The streams that sessions have open.
    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.0.streams
    }

    pub(crate) fn mailer(&self) -> Option<&dyn Mailer> {
        self.0.mailer.as_deref()
    }

    /// The mails that are on their way in the background.
    pub(crate) fn mails(&self) -> &TaskTracker {
        &self.0.mails
    }

    pub(crate) fn providers(&self) -> &[Arc<dyn Provider>] {
        &self.0.providers
    }

    /// Who asks which provider.
    pub(crate) fn provider_turns(&self) -> &ProviderTurns {
        &self.0.provider_turns
    }

    /// The refused sign-ins by providers that are on record.
    pub(crate) fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// The passkey challenges that strangers ask for.
    pub(crate) fn strangers_challenges(&self) -> &StrangersChallenges {
        &self.0.challenges
    }

    /// The reset links that wait to be mailed.
    pub(crate) fn reset_asks(&self) -> &Turns {
        &self.0.reset_asks
    }

    /// The time of a clock that never goes back.
    pub(crate) fn instant(&self) -> Instant {
        self.0.clock.instant()
    }

    /// The present time, from the service's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// The id of the app "Default".
    pub fn default_app(&self) -> &AppId {
        &self.0.default_app
    }

    /// The mark of this installation, which no other has.
    pub fn installation(&self) -> &str {
        &self.0.installation
    }

    /// What monitoring collects.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Reads apps for callers that ask for one at the same moment.
    pub(crate) fn app_reader(&self) -> &Reader<Apps> {
        &self.0.apps
    }

    /// Reads keys for callers that ask for one at the same moment.
    pub(crate) fn detail_reader(&self) -> &Reader<Details> {
        &self.0.details
    }

    /// Reads pages of keys for callers that ask for the same at the same moment.
    pub(crate) fn pages_of_keys(&self) -> &PagesOfKeys {
        &self.0.pages
    }

    /// The verifier, which decides whether keys may pass.
    pub fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        self.0.entropy.as_ref()
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.0.keyring
    }

    pub(crate) fn token_prefix(&self) -> &str {
        &self.0.token_prefix
    }
}
