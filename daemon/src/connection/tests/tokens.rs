//! The calls about the host's own registry, where it is not clear which is meant.

use muster_common::wire::message::{ExportFixie, ImportFixie, ListTokens, UnlockToken};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_about_tokens_that_leaves_the_registry_open_is_told_what_to_name() {
    let world = World::of(
        "version = 1\n[[directory]]\nname = \"desk\"\nkind = \"local\"\n\
         [[directory]]\nname = \"robots\"\nkind = \"local\"\n",
    );
    let mut root = Caller::of(&world, ROOT);
    let user = "ada".to_owned();
    for (directory, expected) in [
        (
            None,
            "several directories could be meant, say which one: desk, robots",
        ),
        (Some("lab"), "no directory of this name is configured"),
    ] {
        let directory = directory.map(str::to_owned);
        let list = ListTokens {
            directory: directory.clone(),
            ..ListTokens::default()
        };
        root.call(&list).await;
        assert_eq!(root.reason().await, expected);
        let import = ImportFixie {
            directory: directory.clone(),
            ..ImportFixie::default()
        };
        root.call(&import).await;
        assert_eq!(root.reason().await, expected);
        let export = ExportFixie {
            directory: directory.clone(),
            after: None,
        };
        root.call(&export).await;
        assert_eq!(root.reason().await, expected);
        let unlock = UnlockToken {
            directory,
            user: user.clone(),
        };
        root.call(&unlock).await;
        assert_eq!(root.reason().await, expected);
    }
    let desk = ListTokens {
        directory: Some("desk".to_owned()),
        ..ListTokens::default()
    };
    assert_eq!(root.reply(&desk).await.accounts, []);
}
