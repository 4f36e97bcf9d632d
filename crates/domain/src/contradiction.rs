//! Networks that are allowed and blocked at once. Such a key is saved, but people should know what it means.

use crate::cidr::CidrRule;
use crate::draft::KeyDraft;
use crate::field::Field;
use crate::rules::KeyRules;
use crate::text::joined;

/// What is blocked although it is allowed, in a sentence or two; `None` if nothing is.
pub fn contradiction(rules: &KeyRules) -> Option<String> {
    let blocked = CidrRule::merged(&rules.denied_cidrs);
    let is_blocked = |network: &&CidrRule| blocked.iter().any(|blocked| blocked.covers(network));
    if rules.cidrs.is_empty() {
        let everything = CidrRule::everything();
        return everything.iter().all(|half| is_blocked(&half)).then(|| {
            format!("This key can never pass: every address is blocked, by {}.", joined(&rules.denied_cidrs))
        });
    }
    let dead: Vec<&CidrRule> = rules.cidrs.iter().filter(is_blocked).collect();
    let named = match dead.as_slice() {
        [] => return None,
        [one] => format!("{one} is allowed, but also blocked"),
        several => format!("{} are allowed, but also blocked", joined(several)),
    };
    let all = dead.len() == rules.cidrs.len();
    Some(if all {
        format!("This key can never pass: {named}, and no other address is allowed.")
    } else {
        format!("{named}: calls from there are refused.")
    })
}

/// Does the same with a form. A field that is wrong or was not sent counts as blank.
pub fn contradiction_of(draft: &KeyDraft) -> Option<String> {
    let read = |field, items: &Option<Vec<String>>| {
        items.as_ref().and_then(|items| CidrRule::parse_items(field, items).ok()).unwrap_or_default()
    };
    contradiction(&KeyRules {
        cidrs: read(Field::Cidrs, &draft.cidrs),
        denied_cidrs: read(Field::DeniedCidrs, &draft.denied_cidrs),
        ..KeyRules::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(allowed: &[&str], blocked: &[&str]) -> Option<String> {
        let items = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect());
        contradiction_of(&KeyDraft { cidrs: items(allowed), denied_cidrs: items(blocked), ..KeyDraft::default() })
    }

    #[test]
    fn what_is_allowed_and_blocked_is_named() {
        let never = |named: &str| Some(format!("This key can never pass: {named}, and no other address is allowed."));
        assert_eq!(of(&["10.0.0.0/8"], &["10.0.0.0/8"]), never("10.0.0.0/8 is allowed, but also blocked"));
        assert_eq!(of(&["10.1.0.0/16"], &["10.0.0.0/8"]), never("10.1.0.0/16 is allowed, but also blocked"));
        let two = "203.0.113.7/32, 2001:db8::/48 are allowed, but also blocked";
        assert_eq!(of(&["203.0.113.7", "2001:db8::/48"], &["2001:db8::/32", "203.0.113.0/24"]), never(two));
        let some = Some("10.0.0.0/8 is allowed, but also blocked: calls from there are refused.".to_owned());
        assert_eq!(of(&["10.0.0.0/8", "192.0.2.1"], &["10.0.0.0/8"]), some);
    }

    #[test]
    fn several_networks_may_block_one_together() {
        assert!(of(&["10.0.0.0/8"], &["10.128.0.0/9", "10.0.0.0/9"]).is_some());
        assert!(of(&["10.0.0.0/8"], &["10.128.0.0/9", "10.0.0.0/10", "10.64.0.0/10"]).is_some());
        assert_eq!(of(&["10.0.0.0/8"], &["10.128.0.0/9", "10.0.0.0/10"]), None);
        assert_eq!(of(&[], &["0.0.0.0/0"]), None, "IPv6 is left");
        let all = of(&[], &["0.0.0.0/1", "128.0.0.0/1", "::/0"]);
        assert_eq!(
            all.as_deref(),
            Some("This key can never pass: every address is blocked, by 0.0.0.0/1, 128.0.0.0/1, ::/0.")
        );
    }

    #[test]
    fn exceptions_are_no_contradiction() {
        assert_eq!(of(&[], &[]), None);
        assert_eq!(of(&["10.0.0.0/8"], &["10.1.0.0/16"]), None);
        assert_eq!(of(&["10.0.0.0/8"], &["2001:db8::/32"]), None);
        assert_eq!(of(&["junk"], &["10.0.0.0/8"]), None, "the form shows that error");
    }
}
