//! The restrictions of a key in sentences for people.

use crate::cidr::CidrRule;
use crate::field::Field;
use crate::key::KeyDetail;
use crate::kind::KeyKind;
use crate::limit::RateLimit;
use crate::origin::DomainRule;
use crate::page::grouped;
use crate::rules::KeyRules;
use crate::spec::KeySpec;
use crate::text::joined;

/// How many items of a list are named one by one; the rest are counted.
const NAMED: usize = 5;

/// The restrictions of a key, or of a key that is about to be created.
#[derive(Debug, Clone, Copy)]
pub struct Restrictions<'a> {
    kind: KeyKind,
    rules: &'a KeyRules,
    quota_left: Option<u64>,
}

impl<'a> From<&'a KeyDetail> for Restrictions<'a> {
    fn from(key: &'a KeyDetail) -> Self {
        Self { kind: key.row.kind, rules: &key.rules, quota_left: key.quota_left }
    }
}

impl<'a> From<&'a KeySpec> for Restrictions<'a> {
    fn from(spec: &'a KeySpec) -> Self {
        Self { kind: spec.kind, rules: &spec.rules, quota_left: None }
    }
}

impl Restrictions<'_> {
    /// For example `Accepted from 203.0.113.0/24, but not from 203.0.113.7. At most 100 calls per minute.` Names only
    /// what the kind has; empty for a kind without restrictions.
    pub fn words(&self) -> String {
        let kind = self.kind.rules();
        let mut words = Vec::new();
        match (kind.asks(Field::Cidrs), kind.asks(Field::Domains)) {
            (true, domains) => {
                words.push(format!("Accepted from {}", self.addresses()));
                if domains && !self.rules.domains.is_empty() {
                    words.push(format!("Accepted only with an origin that matches {}", self.origins()));
                }
            }
            (false, true) if self.rules.domains.is_empty() => words.push("Accepted from anywhere".to_owned()),
            (false, true) => words.push(format!("Accepted only with an origin that matches {}", self.origins())),
            (false, false) => {}
        }
        if kind.asks(Field::Permissions) {
            let held = self.rules.permissions.iter().map(|permission| permission.as_str().to_owned());
            words.push(match held.len() {
                0 => "It has no permissions".to_owned(),
                1 => format!("It has the permission {}", list(held, "and")),
                _ => format!("It has the permissions {}", list(held, "and")),
            });
        }
        if kind.asks(Field::ActsFor) && !self.rules.acts_for.is_empty() {
            words.push(match self.rules.acts_for.len() {
                1 => "It acts for one contact only".to_owned(),
                contacts => format!("It acts for {contacts} contacts only"),
            });
        }
        if kind.asks(Field::Limits) {
            words.extend((!self.rules.limits.is_empty()).then(|| self.rate()));
            words.extend(self.calls());
            if kind.asks(Field::Quota) && self.rules.limits.is_empty() && self.rules.quota.is_none() {
                words.push("Any number of calls".to_owned());
            }
        }
        words.iter().map(|sentence| format!("{sentence}.")).collect::<Vec<_>>().join(" ")
    }

    fn addresses(&self) -> String {
        let shown = |rules: &[CidrRule], last| list(rules.iter().map(ToString::to_string), last);
        let from = match (self.rules.cidrs.is_empty(), self.rules.domains.is_empty()) {
            (true, true) if self.rules.denied_cidrs.is_empty() => "anywhere".to_owned(),
            (true, _) => "any address".to_owned(),
            (false, _) => shown(&self.rules.cidrs, "and"),
        };
        if self.rules.denied_cidrs.is_empty() {
            from
        } else {
            format!("{from}, but not from {}", shown(&self.rules.denied_cidrs, "or"))
        }
    }

    fn origins(&self) -> String {
        list(self.rules.domains.iter().map(DomainRule::display), "or")
    }

    fn rate(&self) -> String {
        let shown = |limit: &RateLimit| {
            let words = limit.words();
            let (_, time) = words.split_once(" per ").unwrap_or_default();
            let calls = if limit.limit == 1 { "call" } else { "calls" };
            format!("{} {calls} per {time}", grouped(u64::from(limit.limit)))
        };
        format!("At most {}", list(self.rules.limits.iter().map(shown), "and"))
    }

    fn calls(&self) -> Option<String> {
        let quota = format!("At most {}", self.rules.quota?.words());
        Some(match self.quota_left {
            Some(left) => format!("{quota}, {} left", grouped(left)),
            None => quota,
        })
    }
}

/// `a, b and c`. Of a long list, the first few and the number of the rest.
fn list(items: impl ExactSizeIterator<Item = String>, last: &str) -> String {
    let more = items.len().saturating_sub(NAMED);
    let mut items: Vec<String> = items.take(NAMED).collect();
    if more > 0 {
        return format!("{} {last} {more} more", joined(items));
    }
    match items.pop() {
        Some(end) if !items.is_empty() => format!("{} {last} {end}", joined(items)),
        end => end.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::KeyDraft;
    use crate::timestamp::Timestamp;

    fn words(draft: KeyDraft) -> String {
        let draft = KeyDraft { name: Some("x".to_owned()), ..draft };
        Restrictions::from(&draft.check(Timestamp::from_millis(0)).unwrap()).words()
    }

    fn service() -> KeyDraft {
        KeyDraft { kind: Some("service".to_owned()), ..KeyDraft::default() }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the fields of a draft are options")]
    fn items(items: &[&str]) -> Option<Vec<String>> {
        Some(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn everything_is_said_in_the_order_of_the_checks() {
        let draft = KeyDraft {
            cidrs: items(&["203.0.113.0/24", "2001:db8::/32"]),
            denied_cidrs: items(&["203.0.113.7/32"]),
            domains: items(&["app.example.com", "*.example.org"]),
            permissions: items(&["invoices.read"]),
            limits: items(&["100 per minute", "burst: 1 per 10s"]),
            quota: text("10000"),
            quota_refill: text("daily"),
            ..service()
        };
        assert_eq!(
            words(draft),
            "Accepted from 203.0.113.0/24 and 2001:db8::/32, but not from 203.0.113.7/32. Accepted only with an \
             origin that matches app.example.com or *.example.org. It has the permission invoices.read. At most 100 calls per \
             minute and 1 call per 10s. At most 10,000 calls a day."
        );
    }

    #[test]
    fn what_is_left_blank_is_said_too() {
        assert_eq!(words(service()), "Accepted from anywhere. It has no permissions. Any number of calls.");
        let denied = KeyDraft { denied_cidrs: items(&["10.0.0.0/8"]), quota: text("1"), ..service() };
        assert_eq!(
            words(denied),
            "Accepted from any address, but not from 10.0.0.0/8. It has no permissions. At most 1 call in all."
        );
    }

    #[test]
    fn a_kind_says_only_what_it_has() {
        let of = |kind: &str| KeyDraft { kind: text(kind), ..KeyDraft::default() };
        assert_eq!(words(of("client")), "Accepted from anywhere.");
        let domains = KeyDraft { domains: items(&["crm.example.com"]), ..of("telephony") };
        assert_eq!(words(domains), "Accepted only with an origin that matches crm.example.com.");
        let master = KeyDraft { cidrs: items(&["10.0.0.0/8"]), ..of("master_user") };
        assert_eq!(words(master), "Accepted from 10.0.0.0/8. It has no permissions.");
    }

    #[test]
    fn a_long_list_is_cut() {
        let named = |n: usize| list((0..n).map(|n| n.to_string()), "and");
        assert_eq!(named(0), "");
        assert_eq!(named(1), "0");
        assert_eq!(named(2), "0 and 1");
        assert_eq!(named(5), "0, 1, 2, 3 and 4");
        assert_eq!(named(7), "0, 1, 2, 3, 4 and 2 more");
    }
}
