//! Who asks a provider at the same moment. Strangers can, too, and a slow provider must not hold up the console.

use std::{collections::HashMap, sync::Arc};

use domain::provider::Trouble;

use crate::{
    ClientInfo,
    providers::{NotLetIn, Provider},
    turns::{Source, Turn, Turns},
};

/// How many sign-ins ask one provider at once, in all and of one source, which must leave places to others.
const AT_ONCE: usize = 32;
const EACH: usize = 4;

/// How many wait for that at most, in all and of one source. All people of an office may be one.
const WAITING_MAX: usize = 256;
const SHARE: usize = 64;

/// The places of each provider, by its id.
#[derive(Debug)]
pub(crate) struct ProviderTurns(HashMap<String, Turns>);

impl ProviderTurns {
    pub(crate) fn of(providers: &[Arc<dyn Provider>]) -> Self {
        let turns = || Turns::new(WAITING_MAX, SHARE).side_by_side(AT_ONCE, EACH);
        Self(providers.iter().map(|provider| (provider.rules().id.clone(), turns())).collect())
    }

    /// Waits for a place. `Unreachable`, at once, if too many wait already.
    pub(crate) async fn wait(&self, provider: &dyn Provider, client: &ClientInfo) -> Result<Turn, NotLetIn> {
        let busy = || NotLetIn::Trouble(Trouble::Unreachable, "too many sign-ins at once".to_owned());
        let turns = self.0.get(&provider.rules().id).ok_or_else(busy)?;
        turns.wait(Source::of(client.address), false).await.map_err(|_| busy())
    }
}
