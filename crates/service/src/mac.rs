//! HMAC-SHA-256 under a data key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

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
}
