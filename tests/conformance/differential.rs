//! The differential test: the same requests to the embedded API server and to the real one, the answers compared.
//!
//! Cases are data, a file for each topic. Each is played against both servers step by step: code, media type, warnings and body
//! must be equal once uids, versions, times and chosen names are made equal (`differential/normal.rs`). What happens on its own,
//! such as garbage collection, is compared when it has settled.
//!
//! ```text
//!   cases ──> play ──> real, ours ──> normal ──> compare ──> differs: on purpose? known and open? otherwise the test fails
//! ```
//!
//! Two lists allow a difference. `differs.rs` holds those on purpose, each with its reason. `differential/open.txt` holds the
//! requests whose answers are known to differ and are still to be mended. The test also fails when an entry of either list no
//! longer occurs: it has to be taken off. `DIFFERENTIAL=text|text` plays the cases whose name holds one of the texts and prints every
//! difference; `DIFFERENTIAL_OPEN=file` writes what the list would be.

mod differential {
    pub(crate) mod case;
    pub(crate) mod cases;
    pub(crate) mod compare;
    pub(crate) mod differs;
    pub(crate) mod normal;
    pub(crate) mod play;
    pub(crate) mod server;
    pub(crate) mod subset;
    pub(crate) mod unordered;
}

use anyhow::{Result, ensure};
use backplane_apiserver::{ApiServer, Authority, Env, Options, Serving, Token, kubeconfig};
use backplane_tests::real::{self, ControlPlane};
use differential::server::Server;
use differential::{cases, compare, differs, play};

/// What the embedded server calls itself here: the version of the real one.
const VERSION: &str = "v1.35.4";
/// Fewer requests than this are no comparison.
const FLOOR: usize = 17_000;

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_server_answers_as_the_real_one() -> Result<()> {
    let Some(parts) = real::parts("the embedded API server answers as the real one")? else { return Ok(()) };
    let plane = ControlPlane::start(&parts).await?;
    let (embedded, _serving) = embedded().await?;
    let servers = play::Servers { real: Server::of(&plane.kubeconfig()).await?, ours: Server::of(&embedded).await? };
    let wanted = std::env::var("DIFFERENTIAL").unwrap_or_default();
    let mut all = cases::all();
    all.retain(|case| wanted.split('|').any(|text| case.name.contains(text)));
    let outcome = play::play(&servers, &all).await?;
    let judged = differs::judge(&outcome.differences);
    if let Some(file) = std::env::var_os("DIFFERENTIAL_OPEN") {
        std::fs::write(file, judged.open_list())?;
    }
    println!("{}", judged.summary(outcome.requests, all.len()));
    if !wanted.is_empty() {
        println!("{}", compare::report(&outcome.differences));
        return Ok(());
    }
    ensure!(judged.unlisted.is_empty(), "differences that no list names:\n{}", compare::report(&judged.unlisted));
    ensure!(judged.stale.is_empty(), "listed, but no longer so:\n{}", judged.stale.join("\n"));
    ensure!(judged.mended.is_empty(), "mended, take it off the open list:\n{}", judged.mended.join("\n"));
    ensure!(outcome.requests >= FLOOR, "only {} requests were compared", outcome.requests);
    Ok(())
}

/// An embedded server with its kubeconfig.
async fn embedded() -> Result<(String, Serving)> {
    let env = Env::system(7);
    let token = env.hex(16);
    let admin = Token { token: token.clone(), user: "administrator".into(), groups: vec!["system:masters".into()] };
    let server = ApiServer::new(env, Options { tokens: vec![admin], version: VERSION.into(), ..Options::default() });
    let authority = Authority::new("differential-ca")?;
    let certificate = authority.issue(&["127.0.0.1", "localhost"])?;
    let serving = server.serve(([127, 0, 0, 1], 0).into(), Some(certificate)).await?;
    let url = format!("https://{}", serving.addr);
    Ok((kubeconfig(&url, &authority.ca_pem(), &token, "embedded"), serving))
}
