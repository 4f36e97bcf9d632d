//! What the answer to a form shows, and no other page.

names! {
    /// What a form makes that is shown once.
    pub enum ShownOnce {
        WebhookSecret = "webhook_secret",
        InviteLink = "invite_link",
        ResetLink = "reset_link",
        RecoveryCodes = "recovery_codes",
    }
}

impl ShownOnce {
    /// What to tell whoever sends the same form again: what became of it, and how to make another one.
    pub const fn sent_again(self) -> &'static str {
        match self {
            Self::WebhookSecret => {
                "This form was sent already, and its secret was shown then, once; if you did not store it, give the webhook a new secret on the page of its integration."
            }
            Self::InviteLink => {
                "This form was sent already, and its link was shown then, once; if you did not keep it, send the invite again in the list of people."
            }
            Self::ResetLink => {
                "This form was sent already, and its link was shown then, once; if you did not keep it, make another one, and the first stops working."
            }
            Self::RecoveryCodes => {
                "This form was sent already, and its recovery codes were shown then, once; if you did not store them, make new ones on the page of your second factor."
            }
        }
    }
}
