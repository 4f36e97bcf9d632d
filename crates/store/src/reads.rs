//! How a read is declared: once, for a connection of its own and for one inside a transaction.

/// Gives each listed read to `Store`, on a connection of its own, and to `Tx`, inside the transaction.
/// The body is a private function of the same name in the same file, which takes the connection first.
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $ty:ty),* $(,)?) -> $ret:ty;)+) => {
        impl $crate::store::Store {
            $(
                $(#[$doc])*
                pub async fn $name(&self, $($arg: $ty),*) -> Result<$ret, $crate::error::StoreError> {
                    // On the heap, or it would enlarge every caller's future.
                    let read = Box::pin(self.reach().unless_away(async {
                        let mut cut = false;
                        loop {
                            let mut held = self.reader().await?;
                            let answer = $name(&mut held.conn(), $($arg),*).await;
                            // Once, on a connection that is newer than whatever cut this one.
                            if cut || !matches!(answer, Err($crate::error::StoreError::Cut(_))) {
                                break answer;
                            }
                            self.reach().distrust();
                            cut = true;
                        }
                    }));
                    let since = tokio::time::Instant::now();
                    let answer = $crate::patience::within($crate::patience::PATIENCE, read).await;
                    self.took(since, stringify!($name), false);
                    self.observed(answer)
                }
            )+
        }

        impl $crate::store::Tx {
            $(
                $(#[$doc])*
                pub async fn $name(&mut self, $($arg: $ty),*) -> Result<$ret, $crate::error::StoreError> {
                    $name(&mut self.conn(), $($arg),*).await
                }
            )+
        }
    };
}
