//! The bootstrap signer and token cleaner that kube-controller-manager runs in each tenant cluster.
//!
//! `cluster-info` gets one signature per living bootstrap token, and loses those of tokens that went; tokens whose time
//! is over are deleted.

use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::sign;
use crate::client::Client;
use crate::error::Error;
use crate::kinds::{CONFIG_MAP, Kind, SECRET};
use crate::kubeadm::token::{SECRET_TYPE, Token, lives, signs};
use crate::object;
use crate::queue::Key;
use crate::runner::{Controller, Handle, Next};

/// How often tokens are looked at for their age.
const CLEAN: Duration = Duration::from_secs(30);

/// The control loop of one tenant cluster.
pub(super) struct Signer {
    pub(super) client: Client,
}

#[async_trait]
impl Controller for Signer {
    fn name(&self) -> &'static str {
        "bootstrapsigner"
    }

    fn watches(&self) -> Vec<Kind> {
        vec![SECRET, CONFIG_MAP]
    }

    async fn concerns(&self, kind: &Kind, object: &Value) -> Vec<Key> {
        let concerns = match kind {
            kind if *kind == SECRET => object::text(object, "/type") == SECRET_TYPE,
            _ => object::name(object) == "cluster-info",
        };
        // There is one thing to keep right, so there is one key.
        if concerns { vec![Key::new("kube-public", "cluster-info")] } else { Vec::new() }
    }

    async fn reconcile(&self, key: &Key, _handle: &Handle) -> Result<Next, Error> {
        let tokens = self.tokens().await?;
        let Some(info) = self.client.get(&CONFIG_MAP, &key.namespace, &key.name).await? else {
            return Ok(Next::OnChange);
        };
        let changed = signed(&info, &tokens);
        self.client.save(&CONFIG_MAP, &info, &changed).await?;
        Ok(if tokens.is_empty() { Next::OnChange } else { Next::After(CLEAN) })
    }
}

impl Signer {
    /// The tokens that live; the others are deleted.
    async fn tokens(&self) -> Result<Vec<Token>, Error> {
        let mut tokens = Vec::new();
        for secret in self.client.list(&SECRET, "kube-system", "").await? {
            let Some(token) = Token::of_secret(&secret) else { continue };
            if !lives(&secret, SignedDuration::ZERO, self.client.now()) {
                self.client.delete(&SECRET, &secret).await?;
            } else if signs(&secret) {
                tokens.push(token);
            }
        }
        Ok(tokens)
    }
}

fn signed(info: &Value, tokens: &[Token]) -> Value {
    let mut changed = info.clone();
    let kubeconfig = object::text(info, "/data/kubeconfig").to_owned();
    object::map_mut(&mut changed, &["data"]).retain(|key, _| !key.starts_with(sign::PREFIX));
    for token in tokens {
        object::put(&mut changed, &["data", &sign::key(token)], json!(sign::signature(&kubeconfig, token)));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_come_and_go_with_their_tokens() {
        let token = Token::parse("abcdef.0123456789abcdef").expect("a token");
        let info = json!({"data": {"kubeconfig": "text", "jws-kubeconfig-gone00": "x"}});
        let changed = signed(&info, std::slice::from_ref(&token));
        let keys: Vec<_> = changed["data"].as_object().expect("data").keys().cloned().collect();
        assert_eq!(keys, ["jws-kubeconfig-abcdef", "kubeconfig"]);
        assert_eq!(signed(&changed, &[token]), changed, "signing is repeatable");
    }
}
