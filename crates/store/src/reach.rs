//! Whether the database can be used, as the last look at it found. While it cannot, nobody waits for it.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use domain::release;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::error::StoreError;

/// What the last look found, shared by all connections.
#[derive(Debug)]
pub(crate) struct Reach {
    trouble: watch::Sender<Option<StoreError>>,
    /// Connections from before this moment may be cut, or lead to a server that must not be used.
    distrusted: Mutex<Option<Instant>>,
    /// The mark of the installation, once it is known.
    installation: OnceLock<String>,
}

impl Default for Reach {
    fn default() -> Self {
        Self { trouble: watch::Sender::new(None), distrusted: Mutex::default(), installation: OnceLock::new() }
    }
}

impl Reach {
    /// The outcome of `work`, or the trouble, if a look finds some before the work ends.
    pub(crate) async fn unless_away<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mut trouble = self.trouble.subscribe();
        tokio::select! {
            biased;
            Ok(found) = trouble.wait_for(Option::is_some) => {
                Err(found.clone().unwrap_or_else(|| StoreError::Unavailable("the database is away".to_owned())))
            }
            done = work => done,
        }
    }

    /// Notes the outcome of a look.
    pub(crate) fn looked(&self, trouble: Option<&StoreError>) {
        if let Some(StoreError::Elsewhere(_) | StoreError::TakenOver(_)) = trouble {
            self.distrust();
        }
        self.trouble.send_if_modified(|known| {
            let changed = known.is_some() != trouble.is_some();
            known.clone_from(&trouble.cloned());
            changed
        });
    }

    /// Uses no connection again that exists now. Whatever cut one has probably cut the others too.
    pub(crate) fn distrust(&self) {
        *self.distrusted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether a connection of this age may still be used.
    pub(crate) fn trusts(&self, age: Duration) -> bool {
        let distrusted = *self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        distrusted.is_none_or(|at| age < at.elapsed())
    }

    /// From now on, only a database with this mark is used.
    pub(crate) fn belongs_to(&self, installation: String) {
        // It never changes while a process runs.
        let _ = self.installation.set(installation);
    }

    /// Refuses a database that is not the one to use, or that this release must no longer use.
    pub(crate) fn check(&self, server: &Server) -> Result<(), StoreError> {
        let elsewhere = |what: &str| Err(StoreError::Elsewhere(what.to_owned()));
        if server.in_recovery {
            return elsewhere("it is a standby, whose data may be old");
        }
        if server.read_only {
            return elsewhere("it is read-only");
        }
        match self.installation.get() {
            Some(ours) if server.installation.as_ref() != Some(ours) => {
                elsewhere("it belongs to another installation of Keystead")
            }
            _ => release::taken_over(server.least.as_deref(), release::GENERATION)
                .map_or(Ok(()), |why| Err(StoreError::TakenOver(why))),
        }
    }
}

/// What a database says of itself.
#[derive(Debug, Default)]
pub(crate) struct Server {
    pub in_recovery: bool,
    pub read_only: bool,
    /// The mark of its installation; `None` before the first start.
    pub installation: Option<String>,
    /// The least generation of the programs that may use it; `None` if any may.
    pub least: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_database_that_is_away() {
        let reach = Reach::default();
        assert_eq!(reach.unless_away(async { Ok(1) }).await.unwrap(), 1);
        let forever = reach.unless_away(std::future::pending::<Result<(), _>>());
        let waiting = tokio::time::timeout(Duration::from_mins(1), forever);
        let looking = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            reach.looked(Some(&StoreError::Unavailable("gone".to_owned())));
        };
        let (waited, ()) = tokio::join!(waiting, looking);
        assert!(matches!(waited, Ok(Err(StoreError::Unavailable(_)))), "it waits on");
        assert!(reach.unless_away(async { Ok(1) }).await.is_err(), "not even a question that would be answered");
        reach.looked(None);
        assert_eq!(reach.unless_away(async { Ok(1) }).await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_to_elsewhere_is_never_used_again() {
        let reach = Reach::default();
        tokio::time::advance(Duration::from_secs(9)).await;
        assert!(reach.trusts(Duration::from_secs(5)));
        reach.looked(Some(&StoreError::Elsewhere("it is a standby".to_owned())));
        reach.looked(None);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!reach.trusts(Duration::from_secs(6)));
        assert!(reach.trusts(Duration::from_millis(500)));
    }

    #[test]
    fn only_the_primary_of_this_installation_is_used() {
        let reach = Reach::default();
        let ours = Server { installation: Some("ours".to_owned()), ..Server::default() };
        assert!(reach.check(&Server::default()).is_ok(), "before the first start");
        reach.belongs_to("ours".to_owned());
        assert!(reach.check(&ours).is_ok());
        for wrong in [
            Server::default(),
            Server { installation: Some("theirs".to_owned()), ..Server::default() },
            Server { in_recovery: true, installation: Some("ours".to_owned()), ..Server::default() },
            Server { read_only: true, installation: Some("ours".to_owned()), ..Server::default() },
        ] {
            assert!(matches!(reach.check(&wrong), Err(StoreError::Elsewhere(_))), "{wrong:?}");
        }
    }

    #[test]
    fn a_database_of_a_newer_generation_is_left_alone() {
        let reach = Reach::default();
        let of = |least: u32| Server { least: Some(least.to_string()), ..Server::default() };
        assert!(reach.check(&of(release::GENERATION)).is_ok());
        assert!(matches!(reach.check(&of(release::GENERATION + 1)), Err(StoreError::TakenOver(_))));
    }
}
