//! What was just done with an integration, a webhook or a delivery.

/// An act that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntegrationDone {
    Created,
    Changed,
    Deleted,
    WebhookChanged,
    WebhookRemoved,
    SentAgain,
}

impl IntegrationDone {
    pub const ALL: [Self; 6] =
        [Self::Created, Self::Changed, Self::Deleted, Self::WebhookChanged, Self::WebhookRemoved, Self::SentAgain];

    /// Its code, and what is said.
    const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("integration_created", "The integration is added."),
            Self::Changed => ("integration_changed", "The integration is saved."),
            Self::Deleted => ("integration_deleted", "The integration is deleted, with its webhooks and its keys."),
            Self::WebhookChanged => ("webhook_changed", "The webhook is saved."),
            Self::WebhookRemoved => ("webhook_removed", "The webhook is removed. Nothing is sent to it any longer."),
            Self::SentAgain => ("delivery_sent_again", "The delivery is sent again, in its turn."),
        }
    }

    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// What is said.
    pub const fn words(self) -> &'static str {
        self.row().1
    }
}
