//! The embedded API server, as the comparisons use it: plain HTTP on the loopback interface, one token.

use anyhow::Result;
use backplane_apiserver::{Options, Token};
use kube::{Client, Config};

const TOKEN: &str = "bench";

/// Everything is allowed to the one token.
pub(crate) fn options() -> Options {
    let token = Token { token: TOKEN.into(), user: "bench".into(), groups: vec!["system:masters".into()] };
    Options { tokens: vec![token], ..Options::default() }
}

/// A client with that token.
pub(crate) fn client(url: &str) -> Result<Client> {
    let mut config = Config::new(url.parse()?);
    config.read_timeout = None;
    config.auth_info.token = Some(TOKEN.to_owned().into());
    Ok(Client::try_from(config)?)
}
