//! Values that two fields of a draft give together: permissions and boxes, expiry and its date, quota and refill.

use super::{KeyDraft, is_blank, items, moment};
use crate::expiry::Expiry;
use crate::field::{Field, FieldErrors};
use crate::kind::KindRules;
use crate::permission::Permission;
use crate::quota::{Quota, Refill};
use crate::text;
use crate::timestamp::{Millis, Timestamp};

impl KeyDraft {
    /// Typed and ticked permissions together, in the order of their names.
    pub(super) fn all_permissions(&self, rules: &KindRules) -> Result<Vec<Permission>, FieldErrors> {
        let typed = items(self.permissions.as_ref());
        let mut all = Vec::new();
        if rules.typed_permissions {
            all = Permission::parse_items(typed)?;
        } else if rules.asks(Field::Permissions) && !is_blank(typed) {
            let names = text::joined(rules.boxes.iter().map(|(name, _)| *name));
            let message = format!("{} have only these permissions: {names}.", rules.keys());
            return Err(FieldErrors::one(Field::Permissions, message));
        }
        for ticked in &self.boxes {
            let known = rules.boxes.iter().any(|(name, _)| name == ticked);
            match Permission::parse(ticked) {
                Ok(permission) if known => all.push(permission),
                _ => {
                    let shown = text::quote(ticked);
                    return Err(FieldErrors::one(
                        Field::Permissions,
                        format!("{shown} is not one of the boxes: tick the boxes that are shown."),
                    ));
                }
            }
        }
        all.sort();
        all.dedup();
        if all.len() > text::PERMISSIONS_MAX {
            let message = format!("Use at most {} permissions; you entered {}.", text::PERMISSIONS_MAX, all.len());
            return Err(FieldErrors::one(Field::Permissions, message));
        }
        Ok(all)
    }

    /// When the key expires; `None`: never. Whole seconds.
    pub(crate) fn expiry_moment(&self, now: Timestamp) -> Result<Option<Timestamp>, FieldErrors> {
        let date = self.expires_at.as_deref().filter(|text| !text.trim().is_empty());
        let word = self.expiry.as_deref().unwrap_or_default().trim();
        let expiry = match Expiry::parse(word) {
            Some(expiry) => expiry,
            None if word.is_empty() && date.is_some() => Expiry::Custom,
            None if word.is_empty() => Expiry::Never,
            None => {
                return Err(FieldErrors::one(Field::Expiry, "Choose one of the options."));
            }
        };
        let at = |message: &str| FieldErrors::one(Field::ExpiresAt, message);
        match (expiry, date) {
            (Expiry::Custom, None) => Err(at("Enter the date on which the key expires.")),
            (Expiry::Custom, date) => moment(date).map_err(|message| at(&message)),
            (_, Some(_)) => Err(at("Choose “Until a date” to use this date, or clear the date.")),
            (expiry, None) => Ok(expiry.days().map(|days| now.plus(Millis::days(days)).whole_second())),
        }
    }

    /// The call quota; `None` for any number of calls. Fails if number and refill do not fit together.
    pub(super) fn whole_quota(&self) -> Result<Option<Quota>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let total = errors.keep(Field::Quota, Quota::parse_total(self.quota.as_deref().unwrap_or_default()));
        let word = self.quota_refill.as_deref().unwrap_or_default().trim();
        let refill = if word.is_empty() { Some(Refill::Never) } else { Refill::parse(word) };
        if refill.is_none() {
            let words = text::joined(Refill::ALL.iter().map(|refill| refill.as_str()));
            errors.push(Field::QuotaRefill, format!("Use one of {words}."));
        }
        if total == Some(None) && refill.is_some_and(|refill| refill != Refill::Never) {
            errors.push(Field::Quota, "Enter the quota to refill to, or let it never refill.");
        }
        match (total, refill) {
            (Some(total), Some(refill)) if errors.is_empty() => Ok(total.map(|total| Quota { total, refill })),
            _ => Err(errors),
        }
    }

    /// Where an error about the expiry belongs.
    pub fn expiry_field(&self) -> Field {
        let dated = self.expires_at.as_deref().is_some_and(|text| !text.trim().is_empty());
        if dated || self.expiry.is_none() { Field::ExpiresAt } else { Field::Expiry }
    }
}
