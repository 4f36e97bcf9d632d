//! An untrusted peer is the client, whatever it sends. Behind trusted proxies, the client is not one of them, unless
//! there is nobody else.
#![no_main]

use domain::cidr::CidrRule;
use domain::forwarded::{client, is_trusted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let trusted = [CidrRule::parse("10.0.0.0/8").expect("a rule"), CidrRule::parse("2001:db8::/32").expect("a rule")];
    let lines = || data.split(|byte| *byte == b'\n').rev();
    let stranger = [198, 51, 100, 7].into();
    assert_eq!(client(stranger, lines(), &trusted), Some(stranger));
    if let Some(found) = client([10, 0, 0, 1].into(), lines(), &trusted) {
        assert_eq!(found, found.to_canonical());
        let entries = data.split(|byte| matches!(byte, b'\n' | b',')).count();
        assert!(!is_trusted(found, &trusted) || entries > 0);
    }
});
