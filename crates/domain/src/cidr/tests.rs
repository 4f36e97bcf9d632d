use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn rule(text: &str) -> CidrRule {
    CidrRule::parse(text).unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_network_of_ipv6_is_one_subscriber() {
    assert_eq!(subscriber(address("2001:db8::1")), subscriber(address("2001:db8::ffff")));
    assert_ne!(subscriber(address("2001:db8::1")), subscriber(address("2001:db8:0:1::1")));
    assert_eq!(subscriber(address("::ffff:192.0.2.1")), address("192.0.2.1"));
}

#[test]
fn rules_have_one_canonical_form() {
    for (text, shown) in [
        ("203.0.113.9", "203.0.113.9/32"),
        (" 10.0.0.0/8 ", "10.0.0.0/8"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("2001:DB8:0:0::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:127.0.0.1", "127.0.0.1/32"),
        ("::ffff:7f00:1", "127.0.0.1/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:0.0.0.0/96", "0.0.0.0/0"),
    ] {
        assert_eq!(rule(text).to_string(), shown);
        assert_eq!(serde_json::to_string(&rule(text)).unwrap(), format!("\"{shown}\""));
    }
}

#[test]
fn host_bits_give_the_network_and_the_address() {
    assert_eq!(
        CidrRule::parse("10.0.0.1/8").unwrap_err(),
        "10.0.0.1/8 has host bits set. Did you mean 10.0.0.0/8, or the single address 10.0.0.1/32?"
    );
    assert_eq!(
        CidrRule::parse("2001:db8::1/32").unwrap_err(),
        "2001:db8::1/32 has host bits set. Did you mean 2001:db8::/32, or the single address 2001:db8::1/128?"
    );
    assert_eq!(
        CidrRule::parse("::ffff:10.0.0.1/104").unwrap_err(),
        "10.0.0.1/8 has host bits set. Did you mean 10.0.0.0/8, or the single address 10.0.0.1/32?"
    );
    assert!(CidrRule::parse("1.2.3.4/0").is_err());
}

#[test]
fn what_is_no_rule_is_refused_with_the_way_out() {
    for (text, hint) in [
        ("", "is not an address"),
        ("/8", "is not an address"),
        ("10.0.0.0/", "prefix length"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("::/129", "from 0 to 128"),
        ("10.0.0.0/08", "prefix length"),
        ("10.0.0.0/+8", "prefix length"),
        ("10.0.0.0/-1", "prefix length"),
        ("10.0.0.0/8/8", "prefix length"),
        ("10.0.0.0/255.0.0.0", "prefix length"),
        ("10.0.0.0/1e1", "prefix length"),
        ("10.0.0.0 /8", "is not an address"),
        ("[::1]:443", "port or brackets"),
        ("[::1]", "port or brackets"),
        ("1.2.3.4:80", "port or brackets"),
        ("unknown", "is not an address"),
        ("_hidden", "is not an address"),
        ("fe80::1%eth0", "has a zone"),
        ("fe80::%eth0/10", "has a zone"),
        ("0177.0.0.1", "leading zero"),
        ("10.0.0.010", "leading zero"),
        ("2130706433", "is not an address"),
        ("0x7f.0.0.1", "is not an address"),
        ("127.1", "is not an address"),
        ("256.0.0.1", "is not an address"),
        ("10.0.0.1-10.0.0.9", "one or more networks"),
        ("１０.0.0.1", "is not an address"),
        ("<script>", "is not an address"),
    ] {
        let message = CidrRule::parse(text).expect_err(text);
        assert!(message.contains(hint), "{text}: {message}");
    }
    assert!(CidrRule::parse(&"9".repeat(10_000)).unwrap_err().len() < 300);
}

#[test]
fn mapped_addresses_do_not_slip_past() {
    for (text, inside, outside) in [
        ("127.0.0.0/8", "::ffff:127.0.0.1", "::ffff:128.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.2"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", "::1"),
        ("0.0.0.0/0", "::ffff:1.2.3.4", "::1.2.3.4"),
        ("::/0", "2001:db8::1", "::ffff:1.2.3.4"),
    ] {
        assert!(rule(text).contains(address(inside)), "{text} {inside}");
        assert!(!rule(text).contains(address(outside)), "{text} {outside}");
    }
}

#[test]
fn items_are_checked_one_by_one() {
    let rules = CidrRule::parse_items(Field::Cidrs, &["10.0.0.0/8", "", "::1, 10.0.0.0/8", ""]).unwrap();
    assert_eq!(rules, [rule("10.0.0.0/8"), rule("::1")]);
    assert_eq!(CidrRule::parse_items(Field::Cidrs, &[" ", "\t", ","]).unwrap(), []);
    let errors = CidrRule::parse_items(Field::DeniedCidrs, &["10.0.0.0/8", "10.0.0.1/8", "", "nonsense"]).unwrap_err();
    let items: Vec<_> = errors.0.iter().map(|e| (e.field, e.item)).collect();
    assert_eq!(items, [(Field::DeniedCidrs, Some(1)), (Field::DeniedCidrs, Some(3))]);
    let many = |n: u32| (0..n).map(|i| Ipv4Addr::from(i).to_string()).collect::<Vec<_>>();
    assert_eq!(CidrRule::parse_items(Field::Cidrs, &many(100)).unwrap().len(), 100);
    let errors = CidrRule::parse_items(Field::Cidrs, &many(101)).unwrap_err();
    assert_eq!(errors.0[0].message, "Use at most 100; you entered 101.");
}

/// The bits of an address as text, IPv4 and mapped IPv4 alike: slow and obvious.
fn bits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("4{:032b}", u32::from(v4)),
        IpAddr::V6(v6) => {
            match format!("{:0128b}", u128::from(v6)).strip_prefix(&format!("{}{}", "0".repeat(80), "1".repeat(16))) {
                Some(v4) => format!("4{v4}"),
                None => format!("6{:0128b}", u128::from(v6)),
            }
        }
    }
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    // Few values, so that rules and addresses meet.
    let near = |n: u128| n & 0x0303_0303_0303_0303_0303_0303_0303_0303;
    prop_oneof![
        any::<u32>().prop_map(|n| IpAddr::V4(Ipv4Addr::from(n & 0x0303_0303))),
        any::<u32>().prop_map(|n| IpAddr::V6(Ipv4Addr::from(n & 0x0303_0303).to_ipv6_mapped())),
        any::<u128>().prop_map(move |n| IpAddr::V6(Ipv6Addr::from(near(n)))),
        any::<u128>().prop_map(|n| IpAddr::V6(Ipv6Addr::from(n))),
    ]
}

proptest! {
    #[test]
    fn contains_is_a_comparison_of_leading_bits(base in any_address(), other in any_address(), len in 0_u8..=128) {
        let width = if base.is_ipv4() { 32 } else { 128 };
        let len = len.min(width);
        let net = IpNet::new(base, len).unwrap().trunc();
        let rule = rule(&net.to_string());
        // A network of IPv4 in IPv6 clothes is that network; a larger one holds no IPv4 address.
        let prefix = if let (IpAddr::V6(_), IpAddr::V4(v4)) = (net.addr(), net.addr().to_canonical()) && len >= 96 {
            bits(IpAddr::V4(v4)).get(..1 + usize::from(len - 96)).unwrap().to_owned()
        } else if let IpAddr::V6(v6) = net.addr() {
            format!("6{:0128b}", u128::from(v6)).get(..1 + usize::from(len)).unwrap().to_owned()
        } else {
            bits(net.addr()).get(..1 + usize::from(len)).unwrap().to_owned()
        };
        for address in [base, other] {
            prop_assert_eq!(rule.contains(address), bits(address).starts_with(&prefix), "{} {}", rule, address);
        }
    }

    #[test]
    fn the_shown_form_is_read_back(base in any_address(), len in 0_u8..=128) {
        let len = len.min(if base.is_ipv4() { 32 } else { 128 });
        let rule = rule(&IpNet::new(base, len).unwrap().trunc().to_string());
        prop_assert_eq!(CidrRule::parse(&rule.to_string()), Ok(rule));
    }

    #[test]
    fn host_bits_are_always_refused_and_both_suggestions_work(base in any_address(), len in 0_u8..=128) {
        let len = len.min(if base.is_ipv4() { 32 } else { 128 });
        let net = IpNet::new(base, len).unwrap();
        prop_assume!(net.trunc() != net);
        let message = CidrRule::parse(&net.to_string()).unwrap_err();
        let (_, suggestions) = message.split_once("Did you mean ").unwrap();
        let (network, single) = suggestions.trim_end_matches('?').split_once(", or the single address ").unwrap();
        prop_assert!(CidrRule::parse(network).unwrap().to_string() == network || base.to_canonical().is_ipv4());
        prop_assert!(CidrRule::parse(single).unwrap().contains(base));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = CidrRule::parse(&text);
        let _ = CidrRule::parse_items(Field::Cidrs, &[text]);
    }
}
