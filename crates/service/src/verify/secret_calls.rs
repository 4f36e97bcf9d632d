//! The calls with each secret of a key that has two, as they are counted between two flushes.

use std::{collections::BTreeMap, net::IpAddr};

use domain::{
    ids::KeyId,
    key::SecretNumber,
    rotation::ADDRESSES_KEPT,
    timestamp::{Millis, Timestamp},
};
use store::{KeyUse, SecretCalls};

/// The calls with each of the secrets of one key.
#[derive(Default)]
pub(super) struct CallsBySecret(BTreeMap<SecretNumber, Calls>);

#[derive(Default)]
struct Calls {
    minutes: Vec<(i64, u64)>,
    /// At most one more than are shown.
    addresses: Vec<KeyUse>,
}

impl CallsBySecret {
    pub(super) fn add(&mut self, number: SecretNumber, now: Timestamp, address: Option<IpAddr>) {
        let calls = self.of(number);
        calls.count(minute(now), 1);
        calls.mark(KeyUse { at: now, address });
    }

    /// Adds what could not be written.
    pub(super) fn put_back(&mut self, old: Self) {
        for (number, old) in old.0 {
            let calls = self.of(number);
            old.minutes.into_iter().for_each(|(minute, n)| calls.count(minute, n));
            old.addresses.into_iter().for_each(|used| calls.mark(used));
        }
    }

    pub(super) fn batch(&self, key_id: KeyId) -> impl Iterator<Item = SecretCalls> {
        self.0.iter().map(move |(number, calls)| SecretCalls {
            key_id,
            number: *number,
            minutes: calls.minutes.clone(),
            addresses: calls.addresses.clone(),
        })
    }

    fn of(&mut self, number: SecretNumber) -> &mut Calls {
        self.0.entry(number).or_default()
    }
}

impl Calls {
    fn count(&mut self, minute: i64, more: u64) {
        match self.minutes.iter_mut().find(|(known, _)| *known == minute) {
            Some((_, n)) => *n += more,
            None => self.minutes.push((minute, more)),
        }
    }

    /// Keeps the newest call from each of the last addresses.
    fn mark(&mut self, this: KeyUse) {
        if let Some(known) = self.addresses.iter_mut().find(|known| known.address == this.address) {
            known.at = known.at.max(this.at);
            return;
        }
        if self.addresses.len() <= ADDRESSES_KEPT {
            self.addresses.push(this);
        } else if let Some(oldest) = self.addresses.iter_mut().min_by_key(|known| known.at)
            && oldest.at <= this.at
        {
            *oldest = this;
        }
    }
}

/// The start of the minute, in milliseconds since 1970.
fn minute(at: Timestamp) -> i64 {
    at.millis().saturating_sub(at.millis().rem_euclid(Millis::minutes(1).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn each_secret_has_its_calls_and_its_last_addresses() {
        let mut calls = CallsBySecret::default();
        let address = |n: u8| Some(IpAddr::from([10, 0, 0, n]));
        for n in 0..50 {
            calls.add(SecretNumber(1), NOW.plus_seconds(n), address(u8::try_from(n).unwrap()));
        }
        calls.add(SecretNumber(2), NOW.plus_seconds(61), address(1));
        calls.add(SecretNumber(2), NOW.plus_seconds(2), address(1));
        let batch: Vec<_> = calls.batch(KeyId::from_random([7; 16])).collect();
        assert_eq!((batch[0].minutes.len(), batch[0].minutes[0].1), (1, 50));
        assert_eq!(batch[0].addresses.len(), ADDRESSES_KEPT + 1);
        assert!(batch[0].addresses.iter().all(|used| used.at >= NOW.plus_seconds(39)), "the last ones are kept");
        let minutes: Vec<_> = batch[1].minutes.iter().map(|(_, n)| *n).collect();
        assert_eq!(
            (minutes.as_slice(), batch[1].addresses.as_slice()),
            (&[1, 1][..], &[KeyUse { at: NOW.plus_seconds(61), address: address(1) }][..])
        );
        let mut more = CallsBySecret::default();
        more.add(SecretNumber(2), NOW, None);
        more.put_back(calls);
        let again: Vec<_> = more.batch(KeyId::from_random([7; 16])).collect();
        assert_eq!(again.iter().flat_map(|calls| &calls.minutes).map(|(_, n)| n).sum::<u64>(), 53);
    }
}
