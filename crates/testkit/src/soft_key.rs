//! A passkey in software, written apart from the code that checks it. It also does what no honest one does.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An authenticator with one passkey in it. A clone is a copy of it, as a thief makes one.
#[derive(Clone)]
pub struct SoftKey {
    /// The site that it says it was used on.
    pub origin: String,
    /// The host that it is bound to.
    pub host: String,
    /// Whether it says that it checked who uses it, by a PIN or a fingerprint.
    pub verifies: bool,
    /// How often it was used; stays 0 for one that does not count.
    pub counter: u32,
    /// The person's handle, which it got when it was added.
    pub handle: Option<String>,
    /// The id by which a site knows it.
    pub id: Vec<u8>,
    /// The private key.
    pub key: SigningKey,
}

/// User present, user verified, credential attached.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const ATTACHED: u8 = 64;

impl SoftKey {
    /// A new one with this number, for a site.
    pub fn new(number: u8, origin: &str) -> Self {
        let host = origin.split("://").nth(1).expect("an origin").split(':').next().expect("a host").to_owned();
        Self {
            origin: origin.to_owned(),
            host,
            verifies: true,
            counter: 1,
            handle: None,
            id: vec![number; 32],
            key: SigningKey::from_slice(&[number.max(1); 32]).expect("a private key"),
        }
    }

    /// The answer to what a site asks for when a passkey is added.
    pub fn add(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("options");
        self.handle = options["user"]["id"].as_str().map(str::to_owned);
        let mut data = self.data(ATTACHED);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("a short id").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        // {"fmt": "none", "attStmt": {}, "authData": data} in CBOR.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59".to_vec();
        object.extend(u16::try_from(data.len()).expect("little data").to_be_bytes());
        object.extend(data);
        let response = json!({
            "clientDataJSON": self.client_data("webauthn.create", &options),
            "attestationObject": BASE64URL_NOPAD.encode(&object),
            "transports": ["internal"],
        });
        self.answer(&response)
    }

    /// The answer to what a site asks for when a passkey is used.
    pub fn answer_to(&mut self, options: &str) -> String {
        let options: Value = serde_json::from_str(options).expect("options");
        if self.counter > 0 {
            self.counter += 1;
        }
        let data = self.data(0);
        let client_data = self.client_data("webauthn.get", &options);
        let said = BASE64URL_NOPAD.decode(client_data.as_bytes()).expect("what was encoded");
        let signature: Signature = self.key.sign(&[&*data, &Sha256::digest(said)].concat());
        let mut response = json!({
            "clientDataJSON": client_data,
            "authenticatorData": BASE64URL_NOPAD.encode(&data),
            "signature": BASE64URL_NOPAD.encode(signature.to_der().as_bytes()),
        });
        if let Some(handle) = &self.handle {
            response["userHandle"] = json!(handle);
        }
        self.answer(&response)
    }

    fn answer(&self, response: &Value) -> String {
        let id = BASE64URL_NOPAD.encode(&self.id);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        })
        .to_string()
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let said = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        BASE64URL_NOPAD.encode(said.to_string().as_bytes())
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = Sha256::digest(self.host.as_bytes()).to_vec();
        data.push(flags | PRESENT | verified);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let mut key = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".to_vec();
        key.extend(&point.as_bytes()[1..33]);
        key.extend(b"\x22\x58\x20");
        key.extend(&point.as_bytes()[33..65]);
        key
    }
}

impl std::fmt::Debug for SoftKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoftKey").field("origin", &self.origin).finish_non_exhaustive()
    }
}
