//! Serves an empty API server over HTTPS and writes a kubeconfig: `cargo run -p backplane-apiserver --example serve -- FILE`.

use backplane_apiserver::{ApiServer, Authority, Env, Options, Token, kubeconfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: serve KUBECONFIG-FILE")?;
    let env = Env::system(std::process::id().into());
    let token = env.hex(16);
    let admin = Token { token: token.clone(), user: "admin".into(), groups: vec!["system:masters".into()] };
    let server = ApiServer::new(env, Options { tokens: vec![admin], ..Options::default() });
    let authority = Authority::new("example-ca")?;
    let serving = server.serve(([127, 0, 0, 1], 0).into(), Some(authority.issue(&["127.0.0.1", "localhost"])?)).await?;
    let url = format!("https://{}", serving.addr);
    std::fs::write(&path, kubeconfig(&url, &authority.ca_pem(), &token, "example"))?;
    println!("export KUBECONFIG={path}");
    tokio::signal::ctrl_c().await?;
    serving.stop().await;
    Ok(())
}
