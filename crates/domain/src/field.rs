//! Form fields and what is wrong with them.

use serde::{Deserialize, Serialize};

names! {
    /// A field of a form. `as_str` is its HTML name and its name in JSON.
    pub enum Field {
        Kind = "kind",
        Name = "name",
        Description = "description",
        Cidrs = "cidrs",
        DeniedCidrs = "denied_cidrs",
        Domains = "domains",
        Permissions = "permissions",
        NotBefore = "not_before",
        Expiry = "expiry",
        ExpiresAt = "expires_at",
        Limits = "limits",
        Quota = "quota",
        QuotaRefill = "quota_refill",
        Environment = "environment",
        ExternalId = "external_id",
        Owner = "owner",
        Tags = "tags",
        Metadata = "metadata",
        RotateDays = "rotate_days",
        ActsFor = "acts_for",
        Address = "address",
        Origin = "origin",
        At = "at",
        Reason = "reason",
        Note = "note",
        ConfirmName = "confirm_name",
        Acknowledged = "acknowledged",
        FormId = "form_id",
        PersonName = "person_name",
        FirstName = "first_name",
        LastName = "last_name",
        Email = "email",
        Role = "role",
        Keys = "keys",
        AccessEndsAt = "access_ends_at",
        Password = "password",
        CurrentPassword = "current_password",
        NewPassword = "new_password",
        ProofPassword = "proof_password",
        DefaultLife = "default_life",
        LongestLife = "longest_life",
        Code = "code",
        PasskeyName = "passkey_name",
        FactorPolicy = "factor_policy",
        GraceDays = "grace_days",
        Recipient = "recipient",
        Passphrase = "passphrase",
        LinkLife = "link_life",
        App = "app",
        Apps = "apps",
        Overlap = "overlap",
        OverlapTime = "overlap_time",
        ApprovalKinds = "approval_kinds",
        ApprovalPermissions = "approval_permissions",
        ApprovalNoExpiry = "approval_no_expiry",
        TimeZone = "time_zone",
        HeldId = "held_id",
        HeldKey = "held_key",
        OpensAt = "opens_at",
        EndsAt = "ends_at",
        MaxUsers = "max_users",
        RoomPassword = "room_password",
        NickName = "nick_name",
        ClientKey = "client_key",
        Grade = "grade",
        Message = "message",
        Attachment = "attachment",
        Identifier = "identifier",
        ContactKind = "contact_kind",
        IsAdmin = "is_admin",
        Integration = "integration",
        WebhookTarget = "webhook_target",
        Triggers = "triggers",
        IncludeFullUser = "include_full_user",
        IncludeFullSource = "include_full_source",
        EventName = "event",
        CrmId = "crm_id",
        AgentId = "agent_id",
        EventData = "event_data",
    }
}

impl Field {
    /// The fields of a key that restrict nothing.
    pub const LABELS: [Self; 4] = [Self::Owner, Self::ExternalId, Self::Tags, Self::Metadata];

    /// The name that people see beside the field.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Kind => "Kind",
            Self::Name => "Name",
            Self::Description => "Description",
            Self::Cidrs => "Networks (CIDR)",
            Self::DeniedCidrs => "Blocked networks (CIDR)",
            Self::Domains => "Domain allow-list",
            Self::Permissions => "Permissions",
            Self::NotBefore => "Valid from",
            Self::Expiry => "Expires",
            Self::ExpiresAt => "Expiry date and time",
            Self::Limits => "Rate limits",
            Self::Quota => "Call quota",
            Self::QuotaRefill => "Quota refill",
            Self::Environment => "Environment",
            Self::ExternalId => "External id",
            Self::Owner => "Owner",
            Self::Tags => "Tags",
            Self::Metadata => "Metadata",
            Self::RotateDays => "Rotation interval",
            Self::ActsFor => "Acts only for",
            Self::Address => "Client address",
            Self::Origin => "Origin",
            Self::At => "Time",
            Self::Reason => "Reason",
            Self::Note => "Note",
            Self::ConfirmName => "Key name",
            Self::Acknowledged => "I have stored this key",
            Self::FormId => "Form",
            Self::PersonName => "Your name",
            Self::FirstName => "First name",
            Self::LastName => "Last name",
            Self::Email => "E-mail",
            Self::Role => "Role",
            Self::Keys => "Keys",
            Self::AccessEndsAt => "End of access",
            Self::Password => "Password",
            Self::CurrentPassword => "Current password",
            Self::NewPassword => "New password",
            Self::ProofPassword => "Your password",
            Self::DefaultLife => "Default expiry",
            Self::LongestLife => "Longest life",
            Self::Code => "Code",
            Self::PasskeyName => "Name of the passkey",
            Self::FactorPolicy => "Second factor",
            Self::GraceDays => "Days of grace",
            Self::Recipient => "Who collects it",
            Self::Passphrase => "Passphrase",
            Self::LinkLife => "How long the link works",
            Self::App => "App",
            Self::Apps => "Apps",
            Self::Overlap => "How long the old secret works",
            Self::OverlapTime => "Another time",
            Self::ApprovalKinds => "Keys of these kinds",
            Self::ApprovalPermissions => "Keys with these permissions",
            Self::ApprovalNoExpiry => "Keys that never expire",
            Self::TimeZone => "Time zone",
            Self::HeldId => "Id",
            Self::HeldKey => "Your key",
            Self::OpensAt => "Opens",
            Self::EndsAt => "Ends",
            Self::MaxUsers => "Most participants",
            Self::RoomPassword => "Password of the room",
            Self::NickName => "Nickname",
            Self::ClientKey => "CLIENT KEY (User Key)",
            Self::Grade => "Grade",
            Self::Message => "Message",
            Self::Attachment => "File",
            Self::Identifier => "Identifier",
            Self::ContactKind => "Staff or client",
            Self::IsAdmin => "Admin",
            Self::Integration => "Integration",
            Self::WebhookTarget => "Webhook address",
            Self::Triggers => "Triggers",
            Self::IncludeFullUser => "Send all about the contact",
            Self::IncludeFullSource => "Send all about the source",
            Self::EventName => "Event",
            Self::CrmId => "CRM ID",
            Self::AgentId => "Agent",
            Self::EventData => "Further members",
        }
    }
}

/// One thing that is wrong, at its field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field that is wrong.
    pub field: Field,
    /// The item of a list, from 0; blank items count.
    pub item: Option<usize>,
    /// One sentence that says what is wrong and what to do.
    pub message: String,
}

/// Everything that is wrong with a form; empty if nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldErrors(pub Vec<FieldError>);

impl FieldErrors {
    /// One error at one field.
    pub fn one(field: Field, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.push(field, message);
        errors
    }

    /// Adds an error about a whole field.
    pub fn push(&mut self, field: Field, message: impl Into<String>) {
        self.0.push(FieldError { field, item: None, message: message.into() });
    }

    /// Adds an error about one item of a list, counted from 0.
    pub fn push_item(&mut self, field: Field, item: usize, message: String) {
        self.0.push(FieldError { field, item: Some(item), message });
    }

    /// The checked value; `None` if the check failed, whose error is then added.
    pub fn keep<T>(&mut self, field: Field, checked: Result<T, String>) -> Option<T> {
        checked.map_err(|message| self.push(field, message)).ok()
    }

    /// The checked value; `None` if the check failed, whose errors are then added.
    pub fn keep_all<T>(&mut self, checked: Result<T, Self>) -> Option<T> {
        checked.map_err(|errors| self.0.extend(errors.0)).ok()
    }

    /// The errors at one field, in order.
    pub fn of(&self, field: Field) -> impl Iterator<Item = &FieldError> {
        self.0.iter().filter(move |error| error.field == field)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok` if nothing is wrong.
    pub fn into_result(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Reads a list. An item may hold several values with commas between them. Skips blank items, and keeps repeated ones
/// once.
pub(crate) fn parse_items<T: PartialEq>(
    items: &[impl AsRef<str>],
    field: Field,
    max: usize,
    parse: fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, FieldErrors> {
    let (list, errors) = read_items(items, field, max, parse);
    errors.into_result().map(|()| list)
}

/// The same, with the items that are right beside the errors of the others.
pub(crate) fn read_items<T: PartialEq>(
    items: &[impl AsRef<str>],
    field: Field,
    max: usize,
    parse: fn(&str) -> Result<T, String>,
) -> (Vec<T>, FieldErrors) {
    let values = || {
        let items = items.iter().enumerate();
        items
            .flat_map(|(item, text)| text.as_ref().split(',').map(move |value| (value.trim(), item)))
            .filter(|(value, _)| !value.is_empty())
    };
    let count = values().count();
    if count > max {
        return (Vec::new(), FieldErrors::one(field, format!("Use at most {max}; you entered {count}.")));
    }
    let mut errors = FieldErrors::default();
    let mut list = Vec::with_capacity(count);
    for (value, item) in values() {
        match parse(value) {
            Ok(value) if list.contains(&value) => {}
            Ok(value) => list.push(value),
            Err(message) => errors.push_item(field, item, message),
        }
    }
    (list, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> Result<String, String> {
        if text.len() < 4 { Ok(text.to_owned()) } else { Err(format!("{text} is too long.")) }
    }

    #[test]
    fn a_list_skips_blanks_and_repeats_and_names_the_item() {
        assert_eq!(parse_items(&["a", " ", " b , c", "a"], Field::Cidrs, 4, short).unwrap(), ["a", "b", "c"]);
        let errors = parse_items(&["a", "", "longer, b", "longest"], Field::Cidrs, 9, short).unwrap_err();
        let items: Vec<_> = errors.of(Field::Cidrs).map(|e| e.item).collect();
        assert_eq!(items, [Some(2), Some(3)]);
        assert_eq!(errors.of(Field::Domains).count(), 0);
    }

    #[test]
    fn a_list_over_its_limit_is_one_error() {
        let errors = parse_items(&["x", "xxxxxx", "y"], Field::Domains, 2, short).unwrap_err();
        assert_eq!(errors, FieldErrors::one(Field::Domains, "Use at most 2; you entered 3."));
    }
}
