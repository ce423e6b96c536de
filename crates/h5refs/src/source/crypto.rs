//! Cryptography without C: TLS and request signing on Graviola (Rust and assembly inside Rust).
//!
//! One library serves both, so nothing is pulled in for signing alone. In particular the `rsa` crate, whose
//! private-key operations are not constant-time (RUSTSEC-2023-0071), is not needed for Google's service
//! accounts. Graviola runs on aarch64, and on x86-64 processors from about 2013 on.

use std::sync::Arc;

use graviola::hashing::hmac::Hmac;
use graviola::hashing::sha2::Sha256Context;
use graviola::hashing::{HashOutput, Sha256};
use graviola::signing::rsa::SigningKey;
use object_store::client::{
    CryptoProvider, DigestAlgorithm, DigestContext, HmacContext, Signer, SigningAlgorithm,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// Whether this processor has the instructions needed; without them Graviola would panic.
pub(crate) fn is_supported() -> bool {
    graviola::util::is_cpu_supported()
}

/// The TLS configuration of every client.
///
/// Certificates are judged by the platform: the system's roots and `SSL_CERT_FILE` on Unix, the system's own
/// verifier on macOS and Windows, so company roots work. A container without any root certificate gets
/// Mozilla's, compiled in.
///
/// # Errors
/// If rustls finds no protocol version or the platform verifier fails for another reason than missing roots.
pub(crate) fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls_graviola::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    match builder()?.with_platform_verifier() {
        Ok(config) => Ok(config.with_no_client_auth()),
        Err(error) => {
            tracing::warn!("no system root certificates ({error}): using Mozilla's");
            let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            Ok(builder()?.with_root_certificates(roots).with_no_client_auth())
        }
    }
}

/// Signs requests for the object stores.
#[derive(Debug)]
pub(crate) struct Signing;

impl CryptoProvider for Signing {
    fn digest(&self, algorithm: DigestAlgorithm) -> object_store::Result<Box<dyn DigestContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => {
                let running = Some(Sha256Context::new());
                Ok(Box::new(Digest { running, output: [0; Sha256Context::OUTPUT_SZ] }))
            }
            other => Err(unsupported(&other)),
        }
    }

    fn hmac(
        &self,
        algorithm: DigestAlgorithm,
        secret: &[u8],
    ) -> object_store::Result<Box<dyn HmacContext>> {
        match algorithm {
            DigestAlgorithm::Sha256 => {
                Ok(Box::new(Mac { running: Some(Hmac::new(secret)), output: None }))
            }
            other => Err(unsupported(&other)),
        }
    }

    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        pem: &[u8],
    ) -> object_store::Result<Box<dyn Signer>> {
        match algorithm {
            SigningAlgorithm::RS256 => Ok(Box::new(RsaSigner(rsa_key(pem)?))),
            other => Err(unsupported(&other)),
        }
    }
}

struct Digest {
    /// `None` once finished.
    running: Option<Sha256Context>,
    output: [u8; Sha256Context::OUTPUT_SZ],
}

impl DigestContext for Digest {
    fn update(&mut self, data: &[u8]) {
        if let Some(running) = &mut self.running {
            running.update(data);
        }
    }

    fn finish(&mut self) -> object_store::Result<&[u8]> {
        if let Some(running) = self.running.take() {
            self.output = running.finish();
        }
        Ok(&self.output)
    }
}

struct Mac {
    /// `None` once finished.
    running: Option<Hmac<Sha256>>,
    output: Option<HashOutput>,
}

impl HmacContext for Mac {
    fn update(&mut self, data: &[u8]) {
        if let Some(running) = &mut self.running {
            running.update(data);
        }
    }

    fn finish(&mut self) -> object_store::Result<&[u8]> {
        if let Some(running) = self.running.take() {
            self.output = Some(running.finish());
        }
        self.output.as_ref().map(AsRef::as_ref).ok_or_else(|| failed("HMAC without result"))
    }
}

struct RsaSigner(SigningKey);

impl Signer for RsaSigner {
    fn sign(&self, string_to_sign: &[u8]) -> object_store::Result<Vec<u8>> {
        let mut signature = vec![0; self.0.modulus_len_bytes()];
        let length = self
            .0
            .sign_pkcs1_sha256(&mut signature, string_to_sign)
            .map_err(|_| failed("the RSA key cannot sign"))?
            .len();
        signature.truncate(length);
        Ok(signature)
    }
}

fn rsa_key(pem: &[u8]) -> object_store::Result<SigningKey> {
    let key =
        PrivateKeyDer::from_pem_slice(pem).map_err(|_| failed("the private key is not PEM"))?;
    match &key {
        PrivateKeyDer::Pkcs8(key) => SigningKey::from_pkcs8_der(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => SigningKey::from_pkcs1_der(key.secret_pkcs1_der()),
        _ => return Err(failed("the private key is not an RSA key")),
    }
    .map_err(|_| failed("the private key is not an RSA key of 2048 bits or more"))
}

fn unsupported(algorithm: &dyn std::fmt::Debug) -> object_store::Error {
    object_store::Error::NotSupported { source: format!("{algorithm:?}").into() }
}

fn failed(what: &'static str) -> object_store::Error {
    object_store::Error::Generic { store: "signing", source: what.into() }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use graviola::signing::rsa::KeySize;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// FIPS 180-4, example "abc".
    #[test]
    fn sha256_in_pieces() {
        let mut digest = Signing.digest(DigestAlgorithm::Sha256).unwrap();
        digest.update(b"a");
        digest.update(b"bc");
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(digest.finish().unwrap()), expected);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_sha256() {
        let mut hmac = Signing.hmac(DigestAlgorithm::Sha256, b"Jefe").unwrap();
        hmac.update(b"what do ya want ");
        hmac.update(b"for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(hmac.finish().unwrap()), expected);
    }

    #[test]
    fn rs256_signature_of_a_pem_key_verifies() {
        let key = SigningKey::generate(KeySize::Rsa2048).unwrap();
        let mut der = [0; 4096];
        let der = BASE64_STANDARD.encode(key.to_pkcs8_der(&mut der).unwrap());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{der}\n-----END PRIVATE KEY-----\n");
        let signer = Signing.sign(SigningAlgorithm::RS256, pem.as_bytes()).unwrap();
        let signature = signer.sign(b"header.claims").unwrap();
        key.public_key().verify_pkcs1_sha256(&signature, b"header.claims").unwrap();
    }

    #[test]
    fn a_key_that_is_none_is_an_error() {
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
            assert!(Signing.sign(SigningAlgorithm::RS256, pem.as_bytes()).is_err());
        }
    }

    #[test]
    fn tls_can_be_configured() {
        tls().unwrap();
    }
}
