//! Reference paths at scale: one Secret among ten thousand.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use backplane_core::declaration::Wake;
use backplane_reconcile::{Conditions, Options, StatusStyle};
use serde_json::json;

use crate::setup::{Setup, declaration, done, options};
use crate::support::{Fake, read, secret, thing, until};

const MANY: usize = 10_000;

/// Ten thousand things, each naming a Secret of its own, but for three that share one and one that names none.
fn fill(fake: &Fake) {
    for i in 0..MANY {
        fake.put(&secret(), &format!("s{i}"), json!({"data": {"key": "b2xk"}}));
        let names = match i {
            11 | 222 => "s3333".to_owned(),
            4444 => String::new(),
            _ => format!("s{i}"),
        };
        fake.put(&thing(), &format!("t{i}"), json!({"spec": {"auth": {"secretName": names}}}));
    }
}

#[tokio::test]
async fn a_change_of_one_secret_among_ten_thousand_wakes_exactly_the_objects_that_name_it() {
    let fake = Fake::new();
    fill(&fake);
    let wake = Wake::Reference(thing(), ".spec.auth.secretName".parse().expect("path"));
    let style = StatusStyle { conditions: Conditions::None, ..StatusStyle::default() };
    let calls = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&calls);
    let options = Options { style, ..options() };
    let s = Setup::run(&fake, declaration(vec![read(secret(), "", vec![wake])]), options, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        done()
    });
    s.outcome("done", MANY as u64).await;

    for (changed, woken) in [("s3333", vec!["t11", "t222", "t3333"]), ("s4444", vec![]), ("s77", vec!["t77"])] {
        let before = s.asked().len();
        fake.put(&secret(), changed, json!({"data": {"key": "bmV3"}}));
        // The thing changes after the secret, and the controller hears of changes in their order.
        fake.put(&thing(), "t9999", json!({"spec": {"after": changed}}));
        until("everything woken", || s.asked()[before..].iter().any(|a| a == "t9999 changed")).await;
        until("at rest", || calls.load(Ordering::Relaxed) == before + woken.len() + 1).await;
        let mut asked: Vec<String> = s.asked()[before..].to_vec();
        asked.retain(|a| a != "t9999 changed");
        asked.sort();
        let expected: Vec<String> = woken.iter().map(|name| format!("{name} related Secret n/{changed}")).collect();
        assert_eq!(asked, expected, "{changed}");
    }
    assert_eq!(calls.load(Ordering::Relaxed), MANY + 4 + 3, "no call but the looks themselves");
    s.stop().await;
}
