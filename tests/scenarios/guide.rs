//! The guide, one test a step. Each starts a world of its own and plays the steps before, so that any can run alone.

use anyhow::Result;
use backplane_tests::driver::find_kubectl;
use backplane_tests::fixture::{Fixture, Typist, options};
use backplane_tests::skip::skipped;

async fn plays_up_to(step: u32) -> Result<()> {
    Fixture::start().await?.play(step).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_1_the_manifest_of_the_guide_is_accepted_unchanged() -> Result<()> {
    plays_up_to(1).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_2_the_phase_goes_pending_waiting_provisioning_ready() -> Result<()> {
    plays_up_to(2).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_3_objects_sizes_conditions_and_events_are_there() -> Result<()> {
    plays_up_to(3).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_4_the_tenant_sees_two_ready_nodes_of_existing_servers() -> Result<()> {
    plays_up_to(4).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_5_a_pool_scales_to_four_and_to_one_in_every_layer() -> Result<()> {
    plays_up_to(5).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_6_a_pool_is_added_by_json_patch() -> Result<()> {
    plays_up_to(6).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_7_a_removed_pool_disappears_and_the_other_is_not_touched() -> Result<()> {
    plays_up_to(7).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_8_a_mixed_cluster_says_which_provider_is_missing() -> Result<()> {
    plays_up_to(8).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn step_9_deletion_leaves_nothing_in_the_cloud_or_the_api_server() -> Result<()> {
    plays_up_to(9).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_guide_passes_with_unpatched_kubectl() -> Result<()> {
    if find_kubectl().is_none() {
        return skipped("the guide with kubectl", "kubectl was not found");
    }
    Fixture::with(options(), Typist::Kubectl).await?.play(9).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_worlds_live_side_by_side_in_one_process() -> Result<()> {
    let (one, other) = tokio::try_join!(Fixture::start(), Fixture::start())?;
    tokio::try_join!(one.play(4), other.play(4)).map(drop)
}
