//! Failed sign-ins of each account, known or not, found by a MAC of the e-mail address.

use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// The failures of one account since its last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many failures in a row.
    pub failures: u32,
    /// Until when sign-in is refused; in the past if it is not.
    pub blocked_until: Timestamp,
    /// When the last failure happened.
    pub last_at: Timestamp,
}

reads! {
    /// The failures of an account; `None` if there are none.
    sign_in_failures(email_mac: &[u8]) -> Option<Failures>;
}

async fn sign_in_failures(conn: &mut Conn<'_>, email_mac: &[u8]) -> Result<Option<Failures>, StoreError> {
    let sql = Sql::new("SELECT failures, blocked_until, last_at FROM sign_in_failure WHERE email_mac = $1");
    let row = conn.fetch_optional::<(i64, i64, i64)>(sql.arg(email_mac)).await?;
    Ok(row.map(|(failures, blocked_until, last_at)| Failures {
        failures: u32::try_from(failures).unwrap_or(u32::MAX),
        blocked_until: Timestamp::from_millis(blocked_until),
        last_at: Timestamp::from_millis(last_at),
    }))
}

impl Tx {
    /// Counts a failure at `at`, and refuses sign-in until the time that `blocked_until` returns for the new count.
    pub async fn record_sign_in_failure(
        &mut self,
        email_mac: &[u8],
        at: Timestamp,
        blocked_until: impl FnOnce(u32) -> Timestamp + Send,
    ) -> Result<Failures, StoreError> {
        let before = sign_in_failures(&mut self.conn(), email_mac).await?.map_or(0, |before| before.failures);
        let failures = before.saturating_add(1);
        let after = Failures { failures, blocked_until: blocked_until(failures), last_at: at };
        let sql = Sql::new(
            "INSERT INTO sign_in_failure (email_mac, failures, blocked_until, last_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (email_mac) DO UPDATE SET failures = excluded.failures, \
             blocked_until = excluded.blocked_until, last_at = excluded.last_at",
        )
        .arg(email_mac)
        .arg(i64::from(after.failures))
        .arg(after.blocked_until)
        .arg(after.last_at);
        self.conn().execute(sql).await?;
        Ok(after)
    }

    /// Takes a failure back that turned out to be none. `failures` is the number that it got: unless others came after
    /// it, the account does not wait after `at`.
    pub async fn take_back_sign_in_failure(
        &mut self,
        email_mac: &[u8],
        failures: u32,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new(
            "UPDATE sign_in_failure SET failures = failures - 1, \
             blocked_until = CASE WHEN failures = $2 THEN $3 ELSE blocked_until END WHERE email_mac = $1",
        );
        self.conn().execute(sql.arg(email_mac).arg(i64::from(failures)).arg(at)).await?;
        let none = Sql::new("DELETE FROM sign_in_failure WHERE email_mac = $1 AND failures <= 0");
        self.conn().execute(none.arg(email_mac)).await?;
        Ok(())
    }

    /// Forgets an account's failures, and returns whether there were any.
    pub async fn clear_sign_in_failures(&mut self, email_mac: &[u8]) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM sign_in_failure WHERE email_mac = $1").arg(email_mac);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Forgets accounts with fewer than `held` failures, the last of them before `before`: at most `limit`. Returns how
    /// many.
    pub async fn prune_sign_in_failures(
        &mut self,
        before: Timestamp,
        held: u32,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM sign_in_failure WHERE email_mac IN (SELECT email_mac FROM sign_in_failure \
             WHERE last_at < $1 AND failures < $2 LIMIT $3)",
        );
        self.conn().execute(sql.arg(before).arg(i64::from(held)).arg(i64::from(limit))).await
    }

    /// Forgets what is beyond `most` accounts, those with the fewest failures first: at most `limit`. Returns how many.
    pub async fn shrink_sign_in_failures(&mut self, most: u32, limit: u32) -> Result<u64, StoreError> {
        let (rows,): (i64,) = self.conn().fetch_one(Sql::new("SELECT count(*) FROM sign_in_failure")).await?;
        let surplus = rows.saturating_sub(i64::from(most)).clamp(0, i64::from(limit));
        if surplus == 0 {
            return Ok(0);
        }
        self.conn().execute(fewest(surplus)).await
    }
}

/// Removes so many, those with the fewest failures. It holds up every other writer, so an index has the order.
fn fewest(surplus: i64) -> Sql {
    let sql = Sql::new(
        "DELETE FROM sign_in_failure WHERE email_mac IN (SELECT email_mac FROM sign_in_failure \
         ORDER BY failures, last_at LIMIT $1)",
    );
    sql.arg(surplus)
}

#[cfg(test)]
mod tests {
    use testkit::TestDatabase;

    use super::*;
    use crate::query_plan::plan;
    use crate::store::Store;

    /// Strangers invent 100,000 of them: each piece of the tidying sorted them all.
    #[tokio::test]
    async fn those_with_the_fewest_failures_are_found_without_a_sort() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let steps = plan(&store, fewest(1_000)).await;
        let has = |words: &str| steps.iter().any(|step| step.contains(words));
        assert!(has("COVERING INDEX sign_in_failure_fewest") && !has("ORDER BY"), "{steps:?}");
        store.close().await;
    }
}
