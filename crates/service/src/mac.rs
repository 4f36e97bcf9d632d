//! HMAC-SHA-256 under a data key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// A key ready for use: its block is hashed once, not for each MAC.
#[derive(Clone)]
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // 32 bytes fill half a block; the rest is zeroes, as HMAC pads it.
        let mut block = zeroize::Zeroizing::new([0; 64]);
        if let Some(half) = block.first_chunk_mut::<32>() {
            *half = *key;
        }
        Self(Hmac::new((&*block).into()))
    }

    /// A key of any length, such as a secret that people know.
    pub(crate) fn of_text(text: &[u8]) -> Self {
        let mut block = zeroize::Zeroizing::new([0_u8; 64]);
        if let Some(short) = block.get_mut(..text.len()) {
            short.copy_from_slice(text);
        } else if let Some(hash) = block.first_chunk_mut::<32>() {
            // As HMAC does it with a key that is longer than its block.
            *hash = Sha256::digest(text).into();
        }
        Self(Hmac::new((&*block).into()))
    }

    /// The MAC of the parts in sequence. If the parts vary in length, the caller must separate them.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test case 1, has a 20-byte key: zeroes after it are what HMAC pads with.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        let expected = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
        let mac = MacKey::new(&key).mac(&[b"Hi ", b"There"]);
        assert_eq!(hex::encode(mac), expected);
    }

    #[test]
    fn a_key_of_any_length_is_one() {
        // RFC 4231, test cases 2 and 6.
        let short = MacKey::of_text(b"Jefe").mac(&[b"what do ya want for nothing?"]);
        assert_eq!(hex::encode(short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = MacKey::of_text(&[0xaa; 131]).mac(&[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}
